import { orThrow } from 'fastify-minimal-starter-client'
import { useCallback } from 'react'
import { useClient } from './client.ts'
import { Form } from './form.tsx'
import { Time } from './time.tsx'
import { useLoaded } from './use-loaded.ts'

/** Where I am logged in, and what ends that. `sid`: this login. */
export function Logins({ sid }: { sid: string }) {
  const client = useClient()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another login sees another list
  const load = useCallback(() => orThrow(client.api.GET('/api/auth/sessions')), [client, sid])
  const { value, fault, reload } = useLoaded(load)

  async function end(id: string) {
    await orThrow(client.api.DELETE('/api/auth/sessions/{id}', { params: { path: { id } } }))
    await reload()
  }
  async function endOthers() {
    await orThrow(client.api.DELETE('/api/auth/sessions', { params: { query: { keepCurrent: true } } }))
    await reload()
  }
  const logins = value?.sessions ?? []
  return (
    <section>
      <h2>Where I am logged in</h2>
      {fault && <p role="alert">{fault}</p>}
      <ul className="rows">
        {logins.map(({ id, current, kind, ip, lastSeenAt, userAgent }) => (
          <li key={id}>
            <div id={id}>
              {current ? <strong>Here</strong> : ip}, by {kind}, last seen <Time at={lastSeenAt} />
              <small>{userAgent}</small>
            </div>
            {!current && <Form action="End it" about={id} onSubmit={() => end(id)} />}
          </li>
        ))}
      </ul>
      <div className="buttons">
        <Form action="Look again" onSubmit={reload} />
        {logins.length > 1 && <Form action="End all others" onSubmit={endOthers} />}
      </div>
    </section>
  )
}
