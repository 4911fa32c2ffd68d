import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { partNames } from '../scripts/parts.ts'

// The promise of docs/remove-a-part.md: after `npm run remove`, nothing is left to do.

const ROOT = join(import.meta.dirname, '..')
const LEFT_OUT = /^(node_modules|\.git|\.tap|\.env|dist|.*\.db.*)$/

/** Each part alone; of parts that need each other, both. */
const removals = [
  ['jwt', 'blocklist'],
  ...partNames.filter((name) => !['jwt', 'blocklist'].includes(name)).map((name) => [name])
]

/** A copy of the project that shares its packages. */
function copyProject(t: Test) {
  const copy = mkdtempSync(join(tmpdir(), 'starter-removal-'))
  t.teardown(() => rmSync(copy, { recursive: true, force: true }))
  const filter = (path: string) => !LEFT_OUT.test(basename(path))
  for (const name of readdirSync(ROOT).filter(filter))
    cpSync(join(ROOT, name), join(copy, name), { recursive: true, filter })
  for (const folder of ['.', 'client'])
    symlinkSync(join(ROOT, folder, 'node_modules'), join(copy, folder, 'node_modules'))
  // Biome goes by .gitignore, whose node_modules/ is no link.
  rmSync(join(copy, 'test/removal.slow.test.ts'))
  return copy
}

function run(cwd: string, ...words: string[]) {
  const { NODE_OPTIONS: _, TAP: __, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 600_000
  })
  return { status, output: stdout + stderr }
}

for (const parts of removals) {
  t.test(`without ${parts.join(' and ')}, npm run check passes`, async (t) => {
    const copy = copyProject(t)
    const { status, output } = run(copy, 'scripts/remove.ts', ...parts)
    t.equal(status, 0, output.slice(-6000))
    t.match(run(copy, 'test/server.test.ts'), { status: 0 }, 'what is left starts')
  })
}

t.test('without all optional parts the short suite passes', { timeout: 1_200_000 }, async (t) => {
  const copy = copyProject(t)
  const optional = partNames.filter((name) => name !== 'session')
  t.match(run(copy, 'scripts/remove.ts', ...optional), { status: 0 })
  const { status, output } = run(copy, 'test/run.ts')
  t.equal(status, 0, output.slice(-6000))
})

t.test('what is needed stays, by name', async (t) => {
  const refused = [
    [['blocklist'], /blocklist stays: jwt needs it/],
    [['session', 'jwt', 'blocklist'], /session and jwt cannot both go/],
    [['nothing'], /There is no part "nothing" to remove: notes, /],
    [[], /Say which/]
  ] as const
  for (const [words, text] of refused) t.match(run(ROOT, 'scripts/remove.ts', ...words), { status: 1, output: text })
})

t.test('a new resource passes npm run check', async (t) => {
  const copy = copyProject(t)
  const { status, output } = run(copy, 'scripts/new.ts', 'shopping-lists')
  t.equal(status, 0, output.slice(-6000))
  t.match(run(copy, 'test/routes/shopping-lists/shopping-lists.test.ts'), { status: 0 }, 'its tests pass')
  t.match(run(copy, 'test/plugins/http/docs/contract.test.ts'), { status: 0 }, 'and its contract is kept')
  t.match(run(copy, 'scripts/new.ts', 'shopping-lists'), { status: 1, output: /already exists/ })
})
