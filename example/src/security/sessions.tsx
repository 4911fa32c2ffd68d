import { orThrow } from 'fastify-minimal-starter-client'
import { useCallback } from 'react'
import { useClient } from '../client.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { DeviceIcon, describeDevice } from '../ui/device.tsx'
import { Row } from '../ui/row.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { useList } from '../ui/use-list.ts'

/** Where the user is signed in, and buttons that end these sessions. `sid`: the session of this page, which comes first. */
export function Sessions({ sid }: { sid: string }) {
  const client = useClient()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new session has a new list
  const load = useCallback(
    async (cursor?: string) => {
      const { sessions, nextCursor } = await orThrow(
        client.api.GET('/api/auth/sessions', { params: { query: { cursor } } })
      )
      return { items: sessions, nextCursor }
    },
    [client, sid]
  )
  const { items, error, hasMore, reload, loadMore } = useList(load)

  async function revoke(id: string) {
    await orThrow(client.api.DELETE('/api/auth/sessions/{id}', { params: { path: { id } } }))
    await reload()
  }
  async function revokeOthers() {
    await orThrow(client.api.DELETE('/api/auth/sessions', { params: { query: { keepCurrent: true } } }))
    await reload()
  }
  return (
    <section>
      <div className="heading">
        <h2>Active sessions</h2>
        <ActionButton onClick={reload}>Refresh</ActionButton>
      </div>
      {error && <Failed error={error} retry={reload} />}
      {!items && !error && <Loading />}
      <ul className="rows">
        {items?.map(({ id, current, ip, createdAt, lastSeenAt, userAgent }) => (
          <Row
            key={id}
            icon={<DeviceIcon userAgent={userAgent} />}
            title={describeDevice(userAgent)}
            badge={current && 'This device'}
            details={
              <>
                {current ? 'Signed in ' : 'Last active '}
                <Ago at={current ? createdAt : lastSeenAt} />
                {ip && ` · ${ip}`}
              </>
            }
            action={(about) =>
              !current && (
                <ActionButton about={about} onClick={() => revoke(id)}>
                  End session
                </ActionButton>
              )
            }
          />
        ))}
      </ul>
      {hasMore && <ActionButton onClick={loadMore}>Show more</ActionButton>}
      {items && items.length > 1 && (
        <ActionButton kind="danger" onClick={revokeOthers}>
          Sign out everywhere else
        </ActionButton>
      )}
    </section>
  )
}
