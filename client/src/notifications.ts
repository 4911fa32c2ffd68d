import type { Client } from 'openapi-fetch'
import type { Output, paths, Session } from './contract.ts'
import { orThrow } from './errors.ts'
import { createFeed } from './feed.ts'
import { keepTrying } from './keep-trying.ts'
import type { Message, Store } from './store.ts'
import type { Tabs } from './tabs.ts'

export type Notification = Output<paths['/api/notifications']['get']>['notifications'][number]
/** `unread`: how many are unread. `notification`: the one that has just arrived. Null: the list may have changed, so load it again. */
export type NotificationState = { unread: number; notification: Notification | null }
type Listener = (state: NotificationState) => void

type Options = {
  name: string
  store: Store
  tabs: Tabs<Message>
  api: Client<paths>
  session: () => Promise<Session | null>
  /** Sends a request with the credentials of the session. */
  sendFresh: (request: Request) => Promise<Response>
  toRequest: (path: string, init: RequestInit) => Request
  closing: Pick<AbortController, 'signal'>
}

/** The notifications of the user. While somebody listens, one tab receives the stream for all tabs. */
export function createNotifications({ name, store, tabs, api, session, sendFresh, toRequest, closing }: Options) {
  const listeners = new Set<Listener>()
  let running: AbortController | null = null
  let refresh = () => {}
  let unread: number | null = null

  function onChange(state: NotificationState) {
    unread = state.unread
    for (const listener of listeners) listener(state)
  }
  function list(query: { before?: number; limit?: number } = {}) {
    return orThrow(api.GET('/api/notifications', { params: { query } }))
  }
  /** A call that renews the session also ends the stream. It has the lock until this tab has the new session. */
  async function checkSession() {
    await tabs.withLock(async () => {})
    if (store.isLoggedIn !== false) await session()
  }
  function openStream(after: number, signal: AbortSignal) {
    const init = { headers: { accept: 'text/event-stream' }, signal }
    return sendFresh(toRequest(`/api/realtime/stream?after=${after}`, init))
  }

  function stop() {
    running?.abort()
    running = null
    refresh = () => {}
    unread = null
  }
  /** Follows the notifications of the user who is logged in, if anybody listens. */
  async function start() {
    stop()
    if (listeners.size === 0 || store.isLoggedIn === false || closing.signal.aborted) return
    const own = new AbortController()
    running = own
    own.signal.addEventListener('abort', () => running === own && stop())
    const userId = await keepTrying(async () => (await session())?.user.id, own.signal)
    if (!userId || own.signal.aborted) return own.abort()
    const feedName = `${name} notifications`
    const load = () => list({ limit: 1 })
    const feed = createFeed({
      name: feedName,
      isBrowser: tabs.isBrowser,
      userId,
      load,
      openStream,
      checkSession,
      onChange,
      stop: own
    })
    refresh = feed.refresh
    // Other devices may have read some, and while this one slept, its stream may have died.
    for (const event of ['focus', 'online']) globalThis.addEventListener?.(event, refresh, { signal: own.signal })
  }
  store.listeners.add(() => void start())
  closing.signal.addEventListener('abort', stop)

  return {
    /** A page of notifications, newest first. `before`: the number of the last one of the previous page. */
    list,
    /** Marks all up to this number as read, in all tabs. */
    async read(upTo: number) {
      await orThrow(api.POST('/api/notifications/read', { body: { upTo } }))
      refresh()
    },
    /**
     * While a user is logged in: calls the listener now, and after each change in any tab. Returns a function that removes the
     * listener. The stream ends with the last one.
     */
    on(listener: Listener) {
      listeners.add(listener)
      if (!running) void start()
      else if (unread !== null) listener({ unread, notification: null })
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stop()
      }
    }
  }
}
