import { globSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import type { Environment } from '../../../../src/plugins/platform/config/settings.ts'
import { build, PASSWORD, signUp, type Transport, transports } from '../../../build.ts'
import { verifyEmail } from '../../../features/recovery/mails.ts'
import type { Contract, Visitor } from './contract.test.ts'

type Operation = { responses: Record<string, { $ref?: string }> }
type Document = { paths: Record<string, Record<string, Operation>> }
type Sent = { headers?: Record<string, string>; payload?: object; query?: string }
/** How a call of a contract is made: by `app.inject`, unless a test wraps it. */
export type Send = (app: FastifyInstance, request: InjectOptions, call: string) => Promise<LightMyRequestResponse>
export type Ask = Awaited<ReturnType<typeof openContract>>['ask']

const ROOT = join(import.meta.dirname, '../../../..')
const escaped = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1')

/** `environment`: settings that the contract of a concern needs. */
type Module = { contract: Contract; environment?: (t: Test) => Promise<Environment> }
const contracts: Module[] = await Promise.all(
  globSync('test/**/contract.ts', { cwd: ROOT }).map((path) => import(join(ROOT, path)))
)

/** `ask` sends a request and compares the reply with the OpenAPI document: its status, content type, headers, and body. */
export async function openContract(t: Test, send: Send = (app, request) => app.inject(request)) {
  const own = await Promise.all(contracts.map(({ environment }) => environment?.(t)))
  const mail = { MAIL_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
  const app = await build(t, Object.assign({ API_DOCS: 'true', ...mail }, ...own))
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
    const reply = await send(app, { method: method as 'GET', url, headers, ...(payload && { payload }) }, call)
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
    const isJson = type.endsWith('json')
    t.equal(reply.headers['content-type'], isJson ? `${type}; charset=utf-8` : type, about)
    const check = ajv.getSchema(`document${pointer}/content/${escaped(type)}/schema`)
    t.ok(check?.(isJson ? reply.json() : reply.body), `${about}: ${ajv.errorsText(check?.errors)} ${reply.body}`)
    return reply
  }
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
  )
  // `inject` cannot switch protocols: the tests of WebSockets do.
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, { responses }] of Object.entries(methods))
      if ('101' in responses) answered.add(`${method.toUpperCase()} ${path} success`)
  return { app, operations, ask, answered }
}

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

/** Makes every call of every contract, by each transport. */
export async function walkContracts({ app, ask }: Pick<Awaited<ReturnType<typeof openContract>>, 'app' | 'ask'>) {
  for (const [index, { contract }] of contracts.entries()) {
    for (const { kind } of transports) {
      const visitor = await createVisitor(app, ask, `visitor-${kind}-${index}`, kind)
      await contract(ask, await visitor.logIn(), visitor)
    }
  }
}
