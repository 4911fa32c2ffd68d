import { orThrow } from 'fastify-minimal-starter-client'
import { useCallback } from 'react'
import { useClient } from './client.ts'
import { describeDevice } from './device.ts'
import { Form } from './form.tsx'
import { Ago } from './time.tsx'
import { useLoaded } from './use-loaded.ts'

/** The active sessions of the user, and buttons that end them. `sid`: the session of this page. */
export function Sessions({ sid }: { sid: string }) {
  const client = useClient()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new session has a new list
  const load = useCallback(() => orThrow(client.api.GET('/api/auth/sessions')), [client, sid])
  const { value, error, reload } = useLoaded(load)

  async function revoke(id: string) {
    await orThrow(client.api.DELETE('/api/auth/sessions/{id}', { params: { path: { id } } }))
    await reload()
  }
  async function revokeOthers() {
    await orThrow(client.api.DELETE('/api/auth/sessions', { params: { query: { keepCurrent: true } } }))
    await reload()
  }
  const sessions = value?.sessions ?? []
  return (
    <section>
      <h2>Active sessions</h2>
      {error && <p role="alert">{error}</p>}
      <ul className="rows">
        {sessions.map(({ id, current, kind, ip, createdAt, lastSeenAt, userAgent }) => (
          <li key={id}>
            <div id={id}>
              <strong>{describeDevice(userAgent)}</strong> {current && <span className="badge">This device</span>}
              <small>
                {current ? 'Signed in ' : 'Last active '}
                <Ago at={current ? createdAt : lastSeenAt} /> · {ip && `${ip} · `}
                {kind}
              </small>
            </div>
            {!current && <Form action="Revoke" about={id} onSubmit={() => revoke(id)} />}
          </li>
        ))}
      </ul>
      <div className="buttons">
        <Form action="Refresh" onSubmit={reload} />
        {sessions.length > 1 && <Form action="Sign out everywhere else" onSubmit={revokeOthers} />}
      </div>
    </section>
  )
}
