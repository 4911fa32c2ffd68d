import { globSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { build, PASSWORD, signUp, type Transport, transports } from '../../../build.ts'
import { verifyEmail } from '../../../features/recovery/mails.ts'

type Operation = { responses: Record<string, { $ref?: string }> }
type Document = { paths: Record<string, Record<string, Operation>> }
type Sent = { headers?: Record<string, string>; payload?: object; query?: string }

const ROOT = join(import.meta.dirname, '../../../..')
const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057'
const escaped = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1')

/** `ask` sends a request and compares the reply with the OpenAPI document: its status, content type, headers, and body. */
async function openContract(t: Test) {
  const app = await build(t, { API_DOCS: 'true', MAIL_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' })
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

  /** `call` is a method and a path of the document; `id` replaces the parameter in its path. */
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

/** A user that a contract may use up, even delete. */
export type Visitor = {
  app: FastifyInstance
  kind: Transport['kind']
  /** The body of a login. */
  credentials: { usernameOrEmail: string; password: string; authType: Transport['kind'] }
  /** Logs in; returns the headers of the new session. */
  logIn(password?: string): Promise<Record<string, string>>
}
type Ask = Awaited<ReturnType<typeof openContract>>['ask']
/** Calls every operation of one concern, with success and with failure; `headers` are those of a session of the visitor. */
export type Contract = (ask: Ask, headers: Record<string, string>, visitor: Visitor) => Promise<void>

async function createVisitor(app: FastifyInstance, ask: Ask, username: string, kind: Transport['kind']) {
  await signUp(app, username)
  await verifyEmail(app, username)
  const credentials = { usernameOrEmail: username, password: PASSWORD, authType: kind }
  const logIn: Visitor['logIn'] = async (password = PASSWORD) => {
    const reply = await ask('POST /api/auth/login', 200, { payload: { ...credentials, password } })
    const { accessToken } = reply.json()
    const headers: Record<string, string> = accessToken
      ? { authorization: `Bearer ${accessToken}` }
      : { cookie: `${reply.headers['set-cookie']}`.split(';')[0] ?? '' }
    return headers
  }
  return { app, kind, credentials, logIn }
}

t.test('every operation answers as documented, in success and failure', async (t) => {
  const { app, document, ask, answered } = await openContract(t)
  for (const [index, path] of globSync('test/**/contract.ts', { cwd: ROOT }).entries()) {
    const { contract } = (await import(join(ROOT, path))) as { contract: Contract }
    for (const { kind } of transports) {
      const visitor = await createVisitor(app, ask, `visitor-${kind}-${index}`, kind)
      await contract(ask, await visitor.logIn(), visitor)
    }
  }

  const neverFails = ['GET /livez', 'GET /readyz', 'GET /api/auth', 'GET /api/auth/check-auth']
  for (const call of operationsOf(document)) {
    t.ok(answered.has(`${call} success`), `${call} succeeded`)
    if (!neverFails.includes(call)) t.ok(answered.has(`${call} failure`), `${call} failed`)
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
