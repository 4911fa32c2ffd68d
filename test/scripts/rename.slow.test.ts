import { globSync, lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { copyProject, run } from '../copy.ts'

t.test('a renamed clone passes npm run check, and only its history has the old name', async (t) => {
  const copy = copyProject(t)
  const { status, output } = await run(copy, 'scripts/rename.ts', 'zorgle-billing-2')
  t.equal(status, 0, output.slice(-6000))

  const exclude = (path: string) => path.endsWith('node_modules')
  const paths = globSync(['**/*', '**/.*', '**/.*/**/*'], { cwd: copy, exclude })
  const files = paths.filter((path) => lstatSync(join(copy, path)).isFile())
  t.ok(files.includes('.github/workflows/ci.yml') && files.includes('.env.example'))
  const isOld = (path: string) => /fastify[-_ ]minimal[-_ ]starter/i.test(readFileSync(join(copy, path), 'utf8'))
  t.same(
    files.filter((path) => path !== 'CHANGELOG.md' && isOld(path)),
    ['LICENSE']
  )
  t.match(readFileSync(join(copy, 'README.md'), 'utf8'), /^# Zorgle billing 2\n/)

  t.match(await run(copy, 'scripts/check-docs.ts'), { status: 0, output: ' 0 problems' }, 'its words are known')
  t.match(await run(copy, 'test/plugins/identity/jwt/tokens.test.ts'), { status: 0 }, 'its tests pass')
})

t.test('other names are refused, and nothing changes', async (t) => {
  const copy = copyProject(t)
  for (const name of ['', 'My-service', '9-lives', 'my_service', 'my--service', 'a'.repeat(41), '../x'])
    t.match(await run(copy, 'scripts/rename.ts', name), { status: 1, output: /^Give a name of lowercase/ }, name)
  t.match(readFileSync(join(copy, 'package.json'), 'utf8'), '"name": "fastify-minimal-starter"')
})
