import type { AuthenticationResponseJSON } from '@simplewebauthn/server'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import { InvalidCode } from '../../plugins/identity/tickets/errors.ts'
import type { Passkeys } from './passkeys.ts'
import { CHALLENGE_TTL, type Passkey, type RelyingParty } from './relying-party.ts'

/** A challenge, and what the authenticator answers to it. */
export type Assertion = { ticket: string; credential: AuthenticationResponseJSON }
/** Whose passkey has signed, its names in RFC 8176, and the steps that use the challenge up. */
export type Verified = { userId: string; methods: string[]; steps: NamedSteps }
export type Assertions = ReturnType<typeof createAssertions>

/** Of the tickets that carry a challenge for logging in. */
const PURPOSE = 'passkey'

/** Asks for a passkey and verifies it: to log in, as a second factor, and to confirm a user. */
export function createAssertions(
  { tickets, audit }: Pick<FastifyInstance, 'tickets' | 'audit'>,
  relyingParty: RelyingParty,
  passkeys: Passkeys
) {
  /** Throws INVALID_CODE unless the counter rose. That of a synced passkey may not, because its devices count apart. */
  async function requireRise(request: FastifyRequest, { userId, counter, synced }: Passkey, newCounter: number) {
    const before = Number(counter)
    if (newCounter > before || (newCounter === 0 && before === 0)) return
    const reason = synced ? 'synced' : 'refused'
    await audit.record(request, 'authn_passkey_counter_fail', { userId, reason })
    if (!synced) throw new InvalidCode()
  }

  async function verifyOwn(request: FastifyRequest, { ticket, credential }: Assertion, passkey: Passkey, now: Date) {
    const open = await tickets.attempt<{ challenge: string }>(ticket, PURPOSE, now)
    const newCounter = await relyingParty.verifyLogin(request, credential, open.data.challenge, passkey)
    if (newCounter === null) throw new InvalidCode()
    await requireRise(request, passkey, newCounter)
    return { ...tickets.take(open, now), ...passkeys.use(passkey, newCounter, now) }
  }

  /** Throws TICKET_INVALID and INVALID_CODE; the latter also for the passkey of somebody else than `owner`. */
  async function verify(request: FastifyRequest, given: Assertion, now: Date, owner?: string): Promise<Verified> {
    const passkey = await passkeys.findByCredential(given.credential.id)
    const isOwn = passkey !== null && (owner === undefined || passkey.userId === owner)
    if (!isOwn) {
      await tickets.attempt(given.ticket, PURPOSE, now)
      throw new InvalidCode()
    }
    const steps = await verifyOwn(request, given, passkey, now)
    // Possession and user verification: two factors.
    return { userId: passkey.userId, methods: [passkey.synced ? 'swk' : 'hwk', 'user', 'mfa'], steps }
  }

  return {
    /** A new challenge for a client who does not say who it is. Throws TOO_MANY_ATTEMPTS. */
    async challenge(client: string, now: Date) {
      const options = await relyingParty.loginOptions()
      const data = { challenge: options.challenge }
      const { ticket } = await tickets.create({ purpose: PURPOSE, ttl: CHALLENGE_TTL, data, client }, now)
      return { ticket, options }
    },
    verify,
    /** The same as the only proof, so that a failure is a failed login. */
    async prove(request: FastifyRequest, given: Assertion, now: Date, owner?: string) {
      return verify(request, given, now, owner).catch(async (error: unknown) => {
        if (error instanceof InvalidCode) {
          const userId = owner ?? (await passkeys.findByCredential(given.credential.id))?.userId ?? null
          await audit.record(request, 'authn_login_fail', { userId, reason: 'passkey' })
        }
        throw error
      })
    }
  }
}
