import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { findPart, partNames } from '../scripts/parts.ts'
import { readSettings } from '../src/plugins/platform/config/settings.ts'
import { randomKey } from './build.ts'
import { freshFolder, settled, startListening } from './process.ts'

// Readers paste what the docs show, so it has to work. See also docs.slow.test.ts.

const ROOT = join(import.meta.dirname, '..')
/** The code blocks of a page in this language. */
const blocks = (page: string, language: string) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, code = '']) => code
  )
const hasCurl = spawnSync('curl', ['--version']).status === 0
const skip = hasCurl && findPart(ROOT, 'session') ? false : 'needs curl and session'

t.test('the curl lines of the README sign up, log in, list the sessions, and log out', { skip }, async (t) => {
  const [script = ''] = blocks('README.md', 'sh').filter((code) => code.includes('/auth/signup'))
  t.match(script, 'http://localhost:3000')
  const cwd = freshFolder(t)
  const { url } = await startListening(t, cwd, settled)
  const lines = script.replaceAll('http://localhost:3000', url)
  const { stdout } = await promisify(execFile)('bash', ['-ec', lines], { cwd })
  const replies = stdout.trim().split('\n')
  t.equal(replies.pop(), '204')
  const [signUp, login, ...others] = replies.map((reply) => JSON.parse(reply))
  t.match([signUp, login], [{ user: { username: 'ada' } }, { user: { username: 'ada' } }])
  t.match(others.pop(), { sessions: [{ current: true }] })
  if (findPart(ROOT, 'notes')) t.match(others, [{ title: 'Groceries' }])
})

t.test('the service takes the settings that docs/production.md shows', async (t) => {
  const lines = blocks('docs/production.md', 'sh')
    .filter((code) => /^[A-Z_]+=/.test(code))
    .join('')
  const shown = [...lines.matchAll(/^(\w+)=(\S+)/gm)].map(([, name, value]) => [name, value])
  t.ok(shown.length > 5)
  const settings = Object.fromEntries(shown.map(([name, value]) => [name, value === '…' ? randomKey() : value]))
  t.match(readSettings(settings), { COOKIE_SECURE: true, DB_MIGRATE: 'default' })
})

t.test('docs/remove-a-part.md names parts that can be removed', async (t) => {
  const [lines = ''] = blocks('docs/remove-a-part.md', 'sh')
  const named = [...lines.matchAll(/npm run remove --((?: [a-z]\S*)+)/g)].flatMap(([, words = '']) =>
    words.trim().split(' ')
  )
  t.ok(named.length > 3)
  t.same(
    named.filter((name) => !partNames.includes(name)),
    []
  )
})
