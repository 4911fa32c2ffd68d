import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import type { Proof } from '../../../../src/plugins/identity/auth/insert-session.ts'
import { openContract, type Send, walkContracts } from './walk.ts'

/** It continues a session that has passed the gates, and makes none. */
const CONTINUES = 'POST /api/auth/token-refresh'

async function sessionsOf({ db, tables: { sessions } }: FastifyInstance) {
  const rows = await db.select({ id: sessions.id }).from(sessions)
  return rows.map(({ id }) => id).sort()
}
/** Whether a reply carries a cookie or a token. */
function hasCredential({ headers, body }: LightMyRequestResponse) {
  const cookies = [headers['set-cookie'] ?? []].flat()
  return cookies.some((cookie) => /^[^=]+=[^;]/.test(cookie)) || /"(access|refresh)Token":/.test(body)
}
const outcomeOf = (reply: LightMyRequestResponse) =>
  reply.statusCode < 300 ? 'passed' : `${reply.statusCode} ${reply.json().code}`

/** A gate that is in the way of a proof; `open` takes it away. */
type Barrier = { close(app: FastifyInstance, proof: Proof): Promise<void>; open?(app: FastifyInstance): Promise<void> }

/**
 * Makes every call of every contract behind a barrier, and again without it if that refused a session. So a new operation that gives
 * sessions is found, whatever it is called. Returns each way in, with the methods of its proof and what the barrier made of it.
 */
export async function tryEveryWayIn(t: Test, { close, open }: Barrier) {
  const ways: { call: string; methods: string[]; outcome: string }[] = []
  let isClosed = false
  let proof: Proof | null = null
  const send: Send = async (app, request, call) => {
    const before = await sessionsOf(app)
    proof = null
    isClosed = true
    const reply = await app.inject(request)
    isClosed = false
    await open?.(app)
    const { methods = null } = (proof as Proof | null) ?? {}
    const outcome = outcomeOf(reply)
    if (methods) ways.push({ call, methods, outcome })
    if (methods && outcome === 'passed') return reply
    t.strictSame(await sessionsOf(app), before, `${call} makes no session`)
    if (call !== CONTINUES) t.notOk(hasCredential(reply), `${call} gives no cookie and no token`)
    return methods ? app.inject(request) : reply
  }

  const opened = await openContract(t, send)
  opened.app.gates.unshift(async (asked) => {
    proof = asked
    if (isClosed) await close(opened.app, asked)
    return {}
  })
  await walkContracts(opened)
  for (const call of opened.operations) t.ok(opened.answered.has(`${call} success`), `${call} was called`)
  return ways
}
