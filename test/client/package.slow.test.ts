import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { PASSWORD, transports } from '../build.ts'
import { open } from './browser.ts'
import { packClient, run } from './package.ts'

// The client as users install it: packed, in the node_modules of a project outside this repository.

const TSC = join(import.meta.dirname, '../../node_modules/.bin/tsc')

const folder = mkdtempSync(join(tmpdir(), 'starter-package-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const project = join(folder, 'project')
mkdirSync(project)

t.before(async () => {
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  const words = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  await run(project, 'npm', 'install', ...words, await packClient(folder), '@types/node@24', 'jsdom@31')
})

t.test('the package contains JavaScript and types only', async (t) => {
  const installed = join(project, 'node_modules/fastify-minimal-starter-client')
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  t.ok(files.includes(join('dist', 'index.js')))
  t.same(
    files.filter((name) => !/^(dist|package\.json|README\.md|dist.[\w-]+(\.d\.ts|\.js))$/.test(name)),
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
    const output = await run(project, process.execPath, 'main.js', url, kind, PASSWORD)
    t.equal(output.trim(), JSON.stringify([true, 'INVALID_CREDENTIALS', 'bob', kind, 1, null]))
  })
}

const noTokens = transports.every(({ kind }) => kind !== 'token') && 'needs the token transport'

t.test('with jsdom, a page follows its session, and the process ends', { skip: noTokens }, async (t) => {
  const { url } = await open(t)
  const script = `import { JSDOM } from 'jsdom'
    // What test runners do with their jsdom environment. Locks are missing there.
    const { window } = new JSDOM('', { url: 'http://localhost:5173' })
    for (const name of ['document', 'location', 'localStorage', 'sessionStorage', 'navigator'])
      Object.defineProperty(globalThis, name, { configurable: true, value: window[name] })
    const { createClient } = await import('fastify-minimal-starter-client')
    const [baseUrl, usernameOrEmail, password] = process.argv.slice(2)
    const [one, other] = [1, 2].map(() => createClient({ baseUrl, transport: 'token' }))
    const seen = []
    const until = (last) => new Promise((resolve) => {
      const stop = other.watch(({ session }) => {
        const name = session === undefined ? 'loading' : session?.user.username ?? 'nobody'
        if (seen.at(-1) !== name) seen.push(name)
        if (name === last) resolve(stop())
      })
    })
    await until('nobody')
    await one.login({ usernameOrEmail, password })
    await until('ada')
    await one.logout()
    await until('nobody')
    process.stdout.write(JSON.stringify([seen.at(0), seen.at(-2), seen.at(-1), Object.keys(localStorage).length]))`
  writeFileSync(join(project, 'page.js'), script)
  const output = await run(project, process.execPath, 'page.js', url, 'ada', PASSWORD)
  t.equal(output, JSON.stringify(['nobody', 'ada', 'nobody', 1]))
})

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
export const limit: number | undefined = new ApiError(error as never, null).fields['username']?.minLength
export const stop: () => void = client.watch(({ session, error }) => [session?.user.name, error])
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
    t.equal(await run(project, TSC, '--pretty', 'false'), '')
  })
}
