import { globSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { build, PASSWORD, signUp, transports } from '../../../build.ts'

type Operation = { responses: Record<string, { $ref?: string }> }
type Document = { paths: Record<string, Record<string, Operation>> }
type Sent = { headers?: Record<string, string>; payload?: object; query?: string }

const ROOT = join(import.meta.dirname, '../../../..')
const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057'
const NEXT = 'another long password'
const escaped = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1')

/** Asks, and holds each answer against the document: its status, its type, its headers and its body. */
async function openContract(t: Test) {
  const app = await build(t, { API_DOCS: 'true' })
  const document = (await app.inject({ method: 'GET', url: '/docs/json' })).json<Document>()
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema(document, 'document')
  const answered = new Set<string>()
  const pointerOf = (path: string, method: string, status: string) => {
    const { $ref } = document.paths[path]?.[method]?.responses[status] ?? {}
    return $ref ?? `#/paths/${escaped(path)}/${method}/responses/${status}`
  }
  const at = (pointer: string) => {
    const parts = pointer.slice(2).split('/')
    return parts.reduce<unknown>(
      (part, name) => (part as Record<string, unknown>)?.[name.replaceAll('~1', '/')],
      document
    ) as {
      headers?: object
      content?: Record<string, { schema: object }>
    }
  }

  /** `call` is a method and a path of the document, and what stands for the part in braces. */
  async function ask(call: string, status: number, { headers = {}, payload, query = '' }: Sent = {}, id = '') {
    const [method = '', path = ''] = call.split(' ')
    const url = path.replace(/\{\w+\}/, id) + query
    const reply = await app.inject({ method: method as 'GET', url, headers, ...(payload && { payload }) })
    const about = `${call} ${reply.statusCode}`
    t.equal(reply.statusCode, status, about)
    const pointer = pointerOf(path, method.toLowerCase(), `${status}`)
    const described = at(pointer)
    t.ok(described, `${about} is in the document`)
    if (!described) return reply
    answered.add(`${call} ${status < 400 ? 'success' : 'failure'}`)
    for (const name of Object.keys(described.headers ?? {}))
      t.ok(reply.headers[name.toLowerCase()], `${about}: ${name}`)
    const [type] = Object.keys(described.content ?? {})
    if (type === undefined) {
      t.equal(reply.body, '', `${about} has no body`)
      return reply
    }
    t.match(reply.headers['content-type'], `${type}; charset=utf-8`, about)
    const check = ajv.getSchema(`document${pointer}/content/${escaped(type)}/schema`)
    t.ok(check?.(reply.json()), `${about}: ${ajv.errorsText(check?.errors)} ${reply.body}`)
    return reply
  }
  return { app, document, ask, answered }
}

const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
  )

t.test('every operation answers as documented, in success and failure', async (t) => {
  const { app, document, ask, answered } = await openContract(t)
  const user = { username: 'ada', email: 'ada@example.com', name: 'Ada', password: PASSWORD }
  await ask('GET /livez', 200)
  await ask('GET /readyz', 200)
  await ask('GET /api/auth', 200)
  await ask('POST /api/auth/signup', 201, { payload: user })
  await ask('POST /api/auth/signup', 409, { payload: user })
  await ask('POST /api/auth/signup', 400, { payload: { ...user, username: '' } })
  await ask('POST /api/auth/signup', 422, {
    payload: { ...user, username: 'eve', email: 'eve@example.com', password: 'password' }
  })
  await ask('POST /api/auth/signup', 415, { payload: user, headers: { 'content-type': 'text/plain' } })
  for (const { kind } of transports) await asUser(app, ask, kind)

  const open = ['GET /livez', 'GET /readyz', 'GET /api/auth', 'GET /api/auth/check-auth']
  for (const call of operationsOf(document)) {
    t.ok(answered.has(`${call} success`), `${call} succeeded`)
    if (!open.includes(call)) t.ok(answered.has(`${call} failure`), `${call} failed`)
  }
})

t.test('every unsafe operation documents that it refuses cookies from another origin, and does', async (t) => {
  const { document, ask } = await openContract(t)
  const headers = { cookie: 'theme=dark', origin: 'https://evil.test' }
  const unsafe = operationsOf(document).filter((call) => !call.startsWith('GET '))
  t.ok(unsafe.includes('POST /api/auth/signup') && unsafe.length > 10)
  for (const call of unsafe) {
    const reply = await ask(call, 403, { headers }, NOBODY)
    t.equal(reply.json().code, 'CROSS_ORIGIN_REQUEST', call)
  }
})

type Ask = Awaited<ReturnType<typeof openContract>>['ask']
/** The calls of one concern or resource as a signed-in user: each operation once with success, once with failure. */
export type Contract = (ask: Ask, headers: Record<string, string>) => Promise<void>

async function asUser(app: FastifyInstance, ask: Ask, kind: 'cookie' | 'token') {
  const username = `user-${kind}`
  await signUp(app, username)
  const credentials = { usernameOrEmail: username, password: PASSWORD, authType: kind }
  await ask('POST /api/auth/login', 401, { payload: { ...credentials, password: 'wrong' } })
  const login = async () => {
    const reply = await ask('POST /api/auth/login', 200, { payload: credentials })
    const { accessToken, refreshToken } = reply.json()
    const cookie = `${reply.headers['set-cookie']}`.split(';')[0] ?? ''
    return {
      headers: (accessToken ? { authorization: `Bearer ${accessToken}` } : { cookie }) as Record<string, string>,
      refreshToken
    }
  }
  const { headers, refreshToken } = await login()
  await ask('GET /api/auth/whoami', 200, { headers })
  await ask('GET /api/auth/whoami', 401)
  await ask('GET /api/auth/check-auth', 200)
  await ask('GET /api/auth/check-auth', 200, { headers })
  await ask('GET /api/users/me', 200, { headers })
  await ask('GET /api/users/me', 401)
  await ask('PATCH /api/users/me', 200, { headers, payload: { name: 'Another Name' } })
  await ask('PATCH /api/users/me', 409, { headers, payload: { username: 'ada' } })
  await ask('GET /api/users/me/events', 200, { headers })
  await ask('GET /api/users/me/events', 400, { headers, query: '?cursor=x' })
  if (refreshToken) {
    await ask('POST /api/auth/token-refresh', 200, { payload: { refreshToken } })
    await ask('POST /api/auth/token-refresh', 401, { payload: { refreshToken: 'x' } })
  }

  for (const path of globSync('test/**/contract.ts', { cwd: ROOT })) {
    const { contract } = (await import(join(ROOT, path))) as { contract: Contract }
    await contract(ask, headers)
  }

  const { sessions } = (await ask('GET /api/auth/sessions', 200, { headers })).json()
  await ask('GET /api/auth/sessions', 401)
  await ask('DELETE /api/auth/sessions/{id}', 404, { headers }, NOBODY)
  const other = await login()
  const ids = (await ask('GET /api/auth/sessions', 200, { headers }))
    .json()
    .sessions.map((one: { id: string }) => one.id)
  const [otherId] = ids.filter((one: string) => one !== sessions[0].id)
  await ask('DELETE /api/auth/sessions/{id}', 204, { headers }, otherId)
  await ask('DELETE /api/auth/sessions', 401, { headers: other.headers })
  await ask('DELETE /api/auth/sessions', 204, { headers, query: '?keepCurrent=true' })

  await ask('POST /api/auth/reauthenticate', 401, { headers, payload: { password: 'wrong' } })
  await ask('POST /api/auth/reauthenticate', kind === 'token' ? 200 : 204, { headers, payload: { password: PASSWORD } })
  const second = (await login()).headers
  const passwords = { currentPassword: PASSWORD, newPassword: NEXT }
  await ask('PUT /api/users/me/password', 422, { headers: second, payload: { ...passwords, newPassword: 'password' } })
  await ask('PUT /api/users/me/password', kind === 'token' ? 200 : 204, { headers: second, payload: passwords })
  const third = await ask('POST /api/auth/login', 200, { payload: { ...credentials, password: NEXT } })
  const { accessToken } = third.json()
  const last: Record<string, string> = accessToken
    ? { authorization: `Bearer ${accessToken}` }
    : { cookie: `${third.headers['set-cookie']}`.split(';')[0] ?? '' }
  await ask('DELETE /api/users/me', 401)
  if (kind === 'cookie') await ask('DELETE /api/users/me', 403, { headers: { ...last, origin: 'https://evil.test' } })
  await ask('DELETE /api/users/me', 204, { headers: last })
  const ada = { usernameOrEmail: 'ada', password: PASSWORD, authType: kind }
  const again = await ask('POST /api/auth/login', 200, { payload: ada })
  const token = again.json().accessToken
  const own: Record<string, string> = token
    ? { authorization: `Bearer ${token}` }
    : { cookie: `${again.headers['set-cookie']}`.split(';')[0] ?? '' }
  await ask('POST /api/auth/logout', 204, { headers: own })
  await ask('POST /api/auth/logout', 401, { headers: own })
}
