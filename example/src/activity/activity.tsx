import { orThrow } from 'fastify-minimal-starter-client'
import { useCallback, useState } from 'react'
import { useClient } from '../client.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { describeDevice } from '../ui/device.tsx'
import { Row } from '../ui/row.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { useList } from '../ui/use-list.ts'
import { describeEvents } from './words.ts'

const SHOWN_AT_FIRST = 8
const SHOWN_MORE = 20

/** The security events of the account, newest first. `sid`: the session of this page. */
export function SecurityActivity({ sid }: { sid: string }) {
  const client = useClient()
  const [shown, setShown] = useState(SHOWN_AT_FIRST)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new session means new events
  const load = useCallback(
    async (cursor?: string) => {
      const { events, nextCursor } = await orThrow(
        client.api.GET('/api/users/me/events', { params: { query: { cursor } } })
      )
      return { items: events, nextCursor }
    },
    [client, sid]
  )
  const { items, error, hasMore, reload, loadMore } = useList(load)
  const events = describeEvents(items ?? [])

  async function showMore() {
    if (events.length < shown + SHOWN_MORE) await loadMore()
    setShown(shown + SHOWN_MORE)
  }
  return (
    <section>
      <h2>Security activity</h2>
      {error && <Failed error={error} retry={reload} />}
      {!items && !error && <Loading />}
      <ul className="rows">
        {events.slice(0, shown).map(({ id, words, ip, userAgent, createdAt }) => (
          <Row
            key={id}
            title={words}
            details={
              <>
                {userAgent && `${describeDevice(userAgent)} · `}
                {ip && `${ip} · `}
                <Ago at={createdAt} />
              </>
            }
          />
        ))}
      </ul>
      {(hasMore || events.length > shown) && <ActionButton onClick={showMore}>Show more</ActionButton>}
    </section>
  )
}
