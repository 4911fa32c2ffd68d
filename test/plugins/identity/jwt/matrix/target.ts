import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { backends, build, logIn, randomKey } from '../../../../build.ts'
import { sampleRows } from '../../../../rows.ts'
import { forge, type Parts, takeApart } from '../forge.ts'
import { token } from '../transport.ts'

/** A description, the token, and the error code: INVALID_TOKEN by default; null: the token is accepted. */
export type Row = [what: string, forged: string, code?: keyof typeof DETAILS | null]
export type Reply = Awaited<ReturnType<FastifyInstance['inject']>>

/** One kind of token and where it is used: a guarded route, or the refresh. */
export type Target = {
  kind: 'access' | 'refresh'
  genuine: string
  parts: Parts
  key: string
  /** The claims that only this kind has. */
  own: string[]
  send(token: string): Promise<Reply>
  /** The part that is the same in each reply to a token of this session. */
  effect(reply: Reply): unknown
  expected: string
}

const DETAILS = {
  INVALID_TOKEN: 'The token is not valid',
  TOKEN_EXPIRED: 'The token has expired',
  TOKEN_REVOKED: 'The session of this token was revoked'
}

let calls = 0
/** Rejections count against the client address, so each call has an address of its own. */
export const nextAddress = () => `10.${(++calls >> 16) & 255}.${(calls >> 8) & 255}.${calls & 255}`

export const KEY = randomKey()
export const OTHER_KEY = randomKey()
export const SECRET_KEY = randomKey()
/** A second key, so that `kid` has to choose. */
export const keyring = { JWT_SECRET_KEY: `${KEY},${OTHER_KEY}`, SECRET_KEY, REFRESH_GRACE: '1h' }

export const whoami = (app: FastifyInstance, accessToken: string) =>
  app.inject({
    method: 'GET',
    url: '/api/auth/whoami',
    headers: { authorization: `Bearer ${accessToken}` },
    remoteAddress: nextAddress()
  })

export const refresh = (app: FastifyInstance, refreshToken: string) =>
  app.inject({
    method: 'POST',
    url: '/api/auth/token-refresh',
    payload: { refreshToken },
    remoteAddress: nextAddress()
  })

/** The two targets of a session. */
export function targetsOf(app: FastifyInstance, body: Record<string, string>): [Target, Target] {
  const { accessToken = '', refreshToken = '' } = body
  const parts = takeApart(accessToken)
  const access: Target = {
    kind: 'access',
    genuine: accessToken,
    parts,
    key: KEY,
    own: ['sub', 'sid', 'jti', 'auth_time'],
    send: (forged) => whoami(app, forged),
    effect: (reply) => reply.json().sessionId,
    expected: `${parts.claims['sid']}`
  }
  const other: Target = {
    kind: 'refresh',
    genuine: refreshToken,
    parts: takeApart(refreshToken),
    key: KEY,
    own: ['sid', 'gen'],
    send: (forged) => refresh(app, forged),
    effect: (reply) => reply.json().refreshToken,
    expected: refreshToken
  }
  return [access, other]
}

/** In the short run only the first: what makes a token valid does not depend on the backend. */
export const sampledBackends = sampleRows(backends, () => 'backend')

/** Runs the tests once for each kind of token on each backend, with an app and a session of their own. */
export async function forEachTarget(t: Test, run: (t: Test, target: Target) => Promise<void>) {
  for (const backend of sampledBackends) {
    await t.test(`on ${backend.name}`, { skip: backend.skip }, async (t) => {
      const app = await build(t, { ...(await backend.environment()), ...keyring })
      const { body } = await logIn(app, 'ada', token)
      for (const target of targetsOf(app, body)) await t.test(`${target.kind} tokens`, (t) => run(t, target))
    })
  }
}

/** Expects a 401 with the body of its code and the challenge of RFC 6750, and nothing else; accepted if the code is null. */
export function checkReply(t: Test, reply: Reply, what: string, code: keyof typeof DETAILS | null) {
  if (code === null) return t.equal(reply.statusCode, 200, what)
  const { requestId, ...body } = reply.json()
  t.strictSame(body, { title: 'Unauthorized', status: 401, code, detail: DETAILS[code] }, what)
  t.equal(reply.statusCode, 401, what)
  t.equal(reply.headers['www-authenticate'], 'Bearer error="invalid_token"', what)
  t.equal(reply.headers['set-cookie'], undefined, what)
}

export async function checkTable(t: Test, target: Target, table: Row[]) {
  const rows = sampleRows(table, ([what, , code]) => `${what.split(' ')[0]} ${code}`)
  // Twice, because the second reply may come from the cache.
  for (const [what, forged, code = 'INVALID_TOKEN'] of [...rows, ...rows]) {
    const reply = await target.send(forged)
    checkReply(t, reply, what, code)
    if (code === null) t.equal(target.effect(reply), target.expected, `without any effect: ${what}`)
  }
}

/** A token with some claims changed; undefined ones are left out. */
export const changed = ({ parts, key }: Target, changes: object) =>
  forge(parts.header, { ...parts.claims, ...changes }, key)
/** The same for the header. */
export const headed = ({ parts, key }: Target, changes: object, otherKey = key) =>
  forge({ ...parts.header, ...changes }, parts.claims, otherKey)
/** A claim as raw JSON text. */
export const raw = ({ parts, key }: Target, name: string, json: string) =>
  forge(parts.header, JSON.stringify({ ...parts.claims, [name]: '@' }).replace('"@"', json), key)
