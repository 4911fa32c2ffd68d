import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import t from 'tap'

// The promise of the README: delete a folder and its tests, then the lines that the type check names, then the settings that
// nobody declares any more. What is left is a working service, and the tests that are left say so: those that log somebody
// in or know which parts there are, on SQLite and memory.

const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules/.bin')
/** What is no part of the repository, or links to it. */
const LEFT_OUT = /^(node_modules|\.git|\.tap|\.env|.*\.db.*)$/
/** What a test says that logs somebody in, or that knows which parts there are; the others are the same without a part. */
const KNOWS_PARTS = /\blogIn\(|\btransports\b|\bsettingTypes\b/
/** What asks for nothing that others do not ask for too, but longer. */
const LONG =
  /^test\/(client|deploy|matrices|scripts|mutation)\/|\/matrix\/|hostile|histories|keyring|outage|renewal|sweep|throttle|topologies|tls|tracing/
const MAX_ROUNDS = 6

function run(cwd: string, command: string, ...words: string[]) {
  const env = { HOME: process.env['HOME'], TEST_REDIS_URL: 'none', PATH: `${BIN}${delimiter}${process.env['PATH']}` }
  // The test runner loads itself into the processes of its tests, by NODE_OPTIONS.
  return spawnSync('env', ['-u', 'NODE_OPTIONS', command, ...words], { cwd, env, encoding: 'utf8', timeout: 400_000 })
}

// Modules that are not there come first, then names: what else is wrong is mostly their consequence.
const ORDER = [/TS2307/, /TS2304/, /TS\d+/]

/** Deletes each line that the type check names, until it names none; gives what it still says. */
function followTypeCheck(copy: string) {
  for (let round = 1; ; round++) {
    const { stdout, status } = run(copy, 'tsc', '--pretty', 'false')
    if (status === 0 || round === MAX_ROUNDS) return stdout
    const named = [...stdout.matchAll(/^(\S+\.ts)\((\d+),\d+\): error (TS\d+)/gm)]
    const first =
      ORDER.map((code) => named.filter((match) => code.test(match[3] ?? ''))).find((some) => some.length > 0) ?? []
    for (const file of new Set(first.map((match) => match[1] ?? ''))) {
      const gone = new Set(first.filter((match) => match[1] === file).map((match) => Number(match[2])))
      const lines = readFileSync(join(copy, file), 'utf8').split('\n')
      writeFileSync(join(copy, file), lines.filter((_, i) => !gone.has(i + 1)).join('\n'))
    }
  }
}

/** The settings of .env.example that no concern declares any more. */
function dropSettings(copy: string) {
  const print =
    "import('./src/plugins/platform/config/settings.ts').then((m) => console.log(Object.keys(m.settingTypes).join()))"
  const names = run(copy, 'node', '-e', print).stdout.trim().split(',')
  const file = join(copy, '.env.example')
  const isKept = (line: string) => !/^\w+=/.test(line) || names.includes(line.split('=')[0] ?? '')
  writeFileSync(file, readFileSync(file, 'utf8').split('\n').filter(isKept).join('\n'))
}

for (const folders of [['session'], ['jwt', 'blocklist']]) {
  t.test(
    `without ${folders.join(' and ')} the rest type-checks and passes its tests`,
    { timeout: 450_000 },
    async (t) => {
      const copy = mkdtempSync(join(tmpdir(), 'starter-deletion-'))
      t.teardown(() => rmSync(copy, { recursive: true, force: true }))
      const filter = (path: string) => !LEFT_OUT.test(basename(path))
      for (const part of readdirSync(ROOT).filter(filter)) {
        cpSync(join(ROOT, part), join(copy, part), { recursive: true, filter })
      }
      symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
      for (const folder of folders) {
        rmSync(join(copy, 'src/plugins', folder), { recursive: true })
        rmSync(join(copy, 'test/plugins', folder), { recursive: true })
      }
      rmSync(join(copy, 'test/deletion.slow.test.ts'))

      t.equal(followTypeCheck(copy), '', 'the type check has nothing more to name')
      dropSettings(copy)
      const tests = globSync('test/**/*.test.ts', { cwd: copy })
      const concerned = tests
        .map((path) => path.replaceAll('\\', '/'))
        .filter((path) => !LONG.test(path) && KNOWS_PARTS.test(readFileSync(join(copy, path), 'utf8')))
      const { status, stdout } = run(copy, 'tap', '--reporter=tap', ...concerned)
      const failed = stdout.split(/^(?= *(?:not )?ok )/m).filter((part) => /^ *not ok/.test(part))
      t.equal(status, 0, status === 0 ? 'the remaining tests pass' : failed.join('').slice(0, 6000))
    }
  )
}
