import { orThrow } from 'fastify-minimal-starter-client'
import { useCallback } from 'react'
import { client } from './client.ts'
import { Time } from './time.tsx'
import { useLoaded } from './use-loaded.ts'

const SHOWN = 10

/** What happened to the account lately. `sid`: this login. */
export function Events({ sid }: { sid: string }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: with another login something has happened
  const load = useCallback(() => orThrow(client.api.GET('/api/users/me/events')), [sid])
  const { value, fault } = useLoaded(load)
  return (
    <section>
      <h2>What happened</h2>
      {fault && <p role="alert">{fault}</p>}
      <ul className="rows">
        {value?.events.slice(0, SHOWN).map(({ id, event, reason, ip, createdAt }) => (
          <li key={id}>
            <div>
              <code>{event}</code> {reason}
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
