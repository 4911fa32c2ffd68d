import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { forge, sameBytes } from '../forge.ts'
import { changed, checkReply, headed, KEY, targetsOf } from './target.ts'

type Body = Record<string, string>

/** Each form with a valid signature gets a revoked error; others get one that reveals nothing about the session. */
export async function checkEnded(t: Test, app: FastifyInstance, body: Body) {
  for (const target of targetsOf(app, body)) {
    const { alg, typ, kid } = target.parts.header
    const forms = [
      ...sameBytes(target.genuine),
      changed(target, { x: 1 }),
      headed(target, { x: 1 }),
      headed(target, { kid: undefined }),
      forge({ kid, typ, alg }, target.parts.claims, KEY)
    ]
    for (const form of [...forms, ...forms]) checkReply(t, await target.send(form), target.kind, 'TOKEN_REVOKED')
    const unsigned = forge(target.parts.header, target.parts.claims, 'another key')
    checkReply(t, await target.send(unsigned), `${target.kind}, unsigned`, 'INVALID_TOKEN')
    const expired = changed(target, { exp: 1 })
    checkReply(t, await target.send(expired), `${target.kind}, expired`, 'TOKEN_EXPIRED')
  }
}

/** Each token is accepted. */
export async function checkAlive(t: Test, app: FastifyInstance, body: Body) {
  for (const target of targetsOf(app, body)) checkReply(t, await target.send(target.genuine), target.kind, null)
}
