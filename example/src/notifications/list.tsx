import type { NotificationState } from 'fastify-minimal-starter-client'
import { useCallback, useEffect, useRef } from 'react'
import { useClient } from '../client.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { Row } from '../ui/row.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { useList } from '../ui/use-list.ts'
import { describeNotification } from './words.ts'

const PAGE = 10

/** The notifications of the user, newest first. `state` changes when one arrives, and when some are read in another tab. */
export function NotificationList({ state, close }: { state: NotificationState; close: () => void }) {
  const client = useClient()
  const load = useCallback(
    async (cursor?: string) => {
      const before = cursor === undefined ? {} : { before: Number(cursor) }
      const { notifications } = await client.notifications.list({ limit: PAGE, ...before })
      const last = notifications.at(-1)
      return { items: notifications, nextCursor: last && notifications.length === PAGE ? `${last.seq}` : null }
    },
    [client]
  )
  const { items, error, hasMore, reload, loadMore } = useList(load)
  const newest = items?.[0]
  const shown = useRef(state)
  useEffect(() => {
    if (shown.current !== state) void reload()
    shown.current = state
  }, [state, reload])

  return (
    <>
      <div className="heading">
        <h2>Notifications</h2>
        {newest && <ActionButton onClick={() => client.notifications.read(newest.seq)}>Mark all as read</ActionButton>}
      </div>
      {error && <Failed error={error} retry={reload} />}
      {!items && !error && <Loading />}
      {items?.length === 0 && <p>You have no notifications.</p>}
      <ul className="rows">
        {items?.map((notification) => {
          const { words, details, page } = describeNotification(notification)
          return (
            <Row
              key={notification.seq}
              title={
                <a href={`#/${page}`} onClick={close}>
                  {words}
                </a>
              }
              badge={notification.readAt === null && 'New'}
              details={
                <>
                  {details && `${details} · `}
                  <Ago at={notification.createdAt} />
                </>
              }
            />
          )
        })}
      </ul>
      {hasMore && <ActionButton onClick={loadMore}>Show more</ActionButton>}
    </>
  )
}
