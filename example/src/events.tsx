import { orThrow } from 'fastify-minimal-starter-client'
import { useCallback } from 'react'
import { useClient } from './client.ts'
import { Time } from './time.tsx'
import { useLoaded } from './use-loaded.ts'

const SHOWN = 10
const WORDS: Record<string, string> = {
  user_created: 'Signed up',
  user_updated: 'Names changed',
  authn_login_success: 'Logged in',
  authn_login_fail: 'A wrong password',
  authn_login_fail_max: 'Too many wrong passwords',
  authn_password_change: 'Password changed',
  authn_password_change_fail: 'A wrong password, to change it',
  session_created: 'A login began',
  session_renewed: 'A login was renewed',
  session_expired: 'A login ended',
  authn_token_revoked: 'The tokens of a login ended',
  authn_token_reuse: 'An old token was used: maybe it was stolen'
}

/** What happened to the account lately. `sid`: this login. */
export function Events({ sid }: { sid: string }) {
  const client = useClient()
  // biome-ignore lint/correctness/useExhaustiveDependencies: with another login something has happened
  const load = useCallback(() => orThrow(client.api.GET('/api/users/me/events')), [client, sid])
  const { value, fault } = useLoaded(load)
  return (
    <section>
      <h2>What happened</h2>
      {fault && <p role="alert">{fault}</p>}
      <ul className="rows">
        {value?.events.slice(0, SHOWN).map(({ id, event, reason, ip, createdAt }) => (
          <li key={id}>
            <div>
              {WORDS[event] ?? event}
              {reason && `: ${reason}`}
              <small>
                <Time at={createdAt} /> {ip && `from ${ip}`}
              </small>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}
