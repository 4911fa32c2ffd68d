import { orThrow } from 'fastify-minimal-starter-client'
import { useCallback } from 'react'
import { useClient } from './client.ts'
import { describeDevice } from './device.ts'
import { Ago } from './time.tsx'
import { useLoaded } from './use-loaded.ts'

const SHOWN = 10
/** What the user sees. Events that only accompany one of these, such as a new token, are not shown. */
const TITLES: Record<string, string> = {
  user_created: 'Account created',
  user_updated: 'Profile updated',
  authn_login_success: 'Signed in',
  authn_login_fail: 'Wrong password entered',
  authn_login_fail_max: 'Too many wrong passwords',
  authn_password_change: 'Password changed',
  authn_password_change_fail: 'Wrong password entered',
  session_expired: 'Session ended',
  authn_token_reuse: 'Used refresh token presented again: it may be stolen'
}
const DETAILS: Record<string, string> = {
  'authn_login_success reauthentication': 'Password confirmed',
  'authn_password_change reset': 'Password reset',
  'session_expired logout': 'Signed out',
  'session_expired revoked': 'Session revoked',
  'session_expired limit': 'Oldest session ended: too many sessions',
  'session_expired idle': 'Session expired: not used for too long'
}

/** The latest security events of the account. `sid`: the session of this page. */
export function SecurityActivity({ sid }: { sid: string }) {
  const client = useClient()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new session means new events
  const load = useCallback(() => orThrow(client.api.GET('/api/users/me/events')), [client, sid])
  const { value, error } = useLoaded(load)
  const events = value?.events.filter(({ event }) => event in TITLES) ?? []
  return (
    <section>
      <h2>Security activity</h2>
      {error && <p role="alert">{error}</p>}
      <ul className="rows">
        {events.slice(0, SHOWN).map(({ id, event, reason, ip, userAgent, createdAt }) => (
          <li key={id}>
            <div>
              {DETAILS[`${event} ${reason}`] ?? TITLES[event]}
              <small>
                {userAgent && `${describeDevice(userAgent)} · `}
                {ip && `${ip} · `}
                <Ago at={createdAt} />
              </small>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}
