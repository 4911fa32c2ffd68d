import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t from 'tap'
import { PASSWORD, transports } from '../build.ts'
import { open } from './browser.ts'

// The client as users install it: packed, in the node_modules of a project outside this repository.

const ROOT = join(import.meta.dirname, '../..')
const TSC = join(ROOT, 'node_modules/.bin/tsc')

const folder = mkdtempSync(join(tmpdir(), 'starter-package-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const project = join(folder, 'project')
mkdirSync(project)

/** Runs a program in this folder with a clean environment; returns its exit code and output. */
async function run(cwd: string, command: string, ...words: string[]) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
  // Without NODE_OPTIONS, which loads the test runner into every process.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', command, ...words], { cwd, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const [code] = await once(child, 'close')
  return { code, output }
}

t.before(async () => {
  // A copy that was never built, with the packages of the clone.
  const filter = (path: string) => !['node_modules', 'dist'].includes(basename(path))
  cpSync(join(ROOT, 'client'), join(folder, 'client'), { recursive: true, filter })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const packed = await run(join(folder, 'client'), 'npm', 'pack', '--pack-destination', folder)
  if (packed.code !== 0) throw new Error(packed.output)
  rmSync(join(folder, 'node_modules'))

  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  const words = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  const installed = await run(project, 'npm', 'install', ...words, join(folder, tarball), '@types/node@24')
  if (installed.code !== 0) throw new Error(installed.output)
})

t.test('the package contains JavaScript and types only', async (t) => {
  const installed = join(project, 'node_modules/fastify-minimal-starter-client')
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  t.ok(files.includes(join('dist', 'index.js')))
  t.same(
    files.filter((name) => !/^(dist|package\.json|README\.md|dist.\w+(\.d\.ts|\.js))$/.test(name)),
    []
  )
})

for (const { kind } of transports) {
  t.test(`plain JavaScript in Node signs up, logs in and logs out (${kind})`, async (t) => {
    const { url } = await open(t)
    const script = `import { ApiError, createClient, orThrow } from 'fastify-minimal-starter-client'
      const [baseUrl, transport, password] = process.argv.slice(2)
      // Node has no cookie jar.
      let cookie = ''
      const send = async (request) => {
        const sent = new Request(request)
        if (cookie) sent.headers.set('cookie', cookie)
        const reply = await fetch(sent)
        cookie = reply.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
        return reply
      }
      const client = createClient({ baseUrl, transport, ...(transport === 'cookie' && { fetch: send }) })
      const body = { username: 'bob', email: 'bob@example.com', name: 'Bob', password }
      await orThrow(client.api.POST('/api/auth/signup', { body }))
      const refused = await client.login({ usernameOrEmail: 'bob', password: 'wrong' }).catch((error) => error)
      await client.login({ usernameOrEmail: 'bob', password })
      const session = await client.session()
      const { sessions } = await orThrow(client.api.GET('/api/auth/sessions'))
      await client.logout()
      const says = [refused instanceof ApiError, refused.code, session.user.username, session.session.kind, sessions.length]
      console.log(JSON.stringify([...says, await client.session()]))`
    writeFileSync(join(project, 'main.js'), script)
    const { code, output } = await run(project, process.execPath, 'main.js', url, kind, PASSWORD)
    t.equal(output.trim(), JSON.stringify([true, 'INVALID_CREDENTIALS', 'bob', kind, 1, null]))
    t.equal(code, 0)
  })
}

const consumer = `import { ApiError, type Code, createClient, type Options, orThrow, type Session } from 'fastify-minimal-starter-client'
const options: Options = { baseUrl: 'http://localhost:3000', transport: 'token' }
const client = createClient(options)
const session: Session | null = await client.session()
export const name: string | undefined = session?.user.name
const { data, error } = await client.api.GET('/api/users/me')
export const email: string | undefined = data?.email
export const detail: string | undefined = error?.detail
const { sessions } = await orThrow(client.api.GET('/api/auth/sessions'))
export const id: string | undefined = sessions[0]?.id
export const isTaken = (reason: unknown): boolean => reason instanceof ApiError && isOf(reason.code, 'USERNAME_TAKEN')
const isOf = (code: Code, other: Code) => code === other
// @ts-expect-error: no such path
await client.api.GET('/api/nothing')
// @ts-expect-error: no such member
await client.login({ username: 'ada', password: '' })
client.onChange((isLoggedIn: boolean) => isLoggedIn)()
await client.logout()
client.close()
`
const strictest = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noUncheckedSideEffectImports: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  allowUnusedLabels: false,
  allowUnreachableCode: false,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: false,
  noEmit: true,
  target: 'es2022'
}
const projects = [
  { name: 'a bundled page', module: 'preserve', lib: ['es2022', 'dom', 'dom.iterable'], types: [] },
  { name: 'Node, without browser types', module: 'nodenext', lib: ['es2022'], types: ['node'] }
]
for (const { name, ...rest } of projects) {
  t.test(`the types pass the strictest check in ${name}`, async (t) => {
    const compilerOptions = { ...strictest, ...rest }
    writeFileSync(join(project, 'consumer.ts'), consumer)
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
    const { output } = await run(project, TSC, '--pretty', 'false')
    t.equal(output, '')
  })
}
