import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hash } from '@node-rs/bcrypt'
import t from 'tap'
import { PASSWORD } from './build.ts'
import { copyProject, run } from './copy.ts'
import { logInBy, startListening } from './process.ts'

// Readers paste the TypeScript of these pages into their clone.

const ROOT = join(import.meta.dirname, '..')
/** The only block of TypeScript on a page. */
function snippetOf(page: string) {
  const [, code = '', ...others] = readFileSync(join(ROOT, page), 'utf8').split(/^```ts\n([\s\S]*?)^```/m)
  if (others.length !== 1) throw new Error(`${page} does not have one block of TypeScript`)
  return code
}

t.test('the route in docs/add-a-resource.md passes the type check and answers', async (t) => {
  const copy = copyProject(t)
  mkdirSync(join(copy, 'src/routes/hello'))
  // Indented, so that npm run remove does not take the imports for those of this file.
  const route = `
  import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
  import Type from 'typebox'
  import { userIdOf } from '../../plugins/identity/auth/account.ts'
  import { problems } from '../../plugins/platform/errors/schemas.ts'

  const HelloReply = Type.Object({ hello: Type.String() })
  const routes: FastifyPluginAsyncTypebox = async (app) => {
    ${snippetOf('docs/add-a-resource.md')}
  }
  export default routes
`
  writeFileSync(join(copy, 'src/routes/hello/routes.ts'), route)
  const index = join(copy, 'src/routes/index.ts')
  const mounted = readFileSync(index, 'utf8')
    .replace(/^(?=import (?!type))/m, "import helloRoutes from './hello/routes.ts'\n")
    .replace(/^(?= *await app\.mountRoutes)/m, "  app.mount('/api', helloRoutes)\n")
  writeFileSync(index, mounted)
  const call = `import t from 'tap'
import { build, logIn } from './build.ts'
t.test('hello', async (t) => {
  const app = await build(t)
  const { user, headers } = await logIn(app, 'ada')
  t.equal((await app.inject('/api/hello')).statusCode, 401)
  t.same((await app.inject({ url: '/api/hello', headers })).json(), { hello: user.id })
})
`
  writeFileSync(join(copy, 'test/hello.test.ts'), call)
  t.match(await run(copy, join(ROOT, 'node_modules/typescript/bin/tsc'), '--pretty', 'false'), {
    status: 0,
    output: ''
  })
  t.match(await run(copy, 'test/hello.test.ts'), { status: 0 })
})

t.test('the script in docs/from-flask.md imports users, who log in with the password they had', async (t) => {
  const copy = copyProject(t)
  const [ada, bob] = ['ada', 'bob'].map((username) => ({ username, email: `${username}@example.com`, name: username }))
  const password = await hash(PASSWORD, 4)
  writeFileSync(
    join(copy, 'users.json'),
    JSON.stringify([
      { ...ada, password },
      { ...bob, password },
      { ...ada, password }
    ])
  )
  writeFileSync(join(copy, 'import-users.ts'), snippetOf('docs/from-flask.md'))
  t.match(await run(copy, 'scripts/migrate.ts'), { status: 0 })
  const imported = await run(copy, 'import-users.ts', 'users.json')
  t.match(imported, { status: 0, output: 'Not imported, name or address is taken: ada\n' })
  const { url } = await startListening(t, copy)
  for (const name of ['ada', 'bob']) t.match(await logInBy(url, name, 'cookie'), { cookie: /^sid/ })
})
