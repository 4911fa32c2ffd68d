import { delays } from './delays.ts'
import { readEvents } from './event-stream.ts'
import { keepTrying, TryAgain } from './keep-trying.ts'
import { joinTabs } from './leader.ts'
import type { Notification, NotificationState } from './notifications.ts'
import { pause } from './retry.ts'

/** `seq`: the number of the last notification. */
type State = { unread: number; seq: number }
/** What the tabs tell each other: the state, that it may be outdated, that the session may have ended, and that the stream has. */
type Message = { userId: string } & (
  | { kind: 'state'; state: State; notification: Notification | null }
  | { kind: 'outdated' | 'check' | 'stop' }
)
export type FeedOptions = {
  name: string
  isBrowser: boolean
  /** Tabs ignore what others tell about another user, who may have logged in meanwhile. */
  userId: string
  load: () => Promise<State>
  openStream: (after: number, signal: AbortSignal) => Promise<Response>
  /** Finds out whether the session has ended. If so, `stop` aborts. */
  checkSession: () => Promise<void>
  onChange: (state: NotificationState) => void
  stop: AbortController
}

/** Follows the notifications of a user in all tabs: the leading tab receives the stream, and tells the others. */
export function createFeed({ name, isBrowser, userId, load, openStream, checkSession, onChange, stop }: FeedOptions) {
  let state: State | null = null

  function apply(next: State, notification: Notification | null) {
    state = next
    onChange({ unread: next.unread, notification })
  }
  function share(next: State, notification: Notification | null) {
    tabs.send({ userId, kind: 'state', state: next, notification })
    apply(next, notification)
  }
  async function reload(tries = 2): Promise<void> {
    const { unread, seq } = await load()
    // A notification may have arrived before the reply. If not, the service has lost some, such as by a restored backup.
    if (state && seq < state.seq && tries > 1) return reload(tries - 1)
    share({ unread, seq }, null)
  }
  /** A tab that was frozen may tell of a notification that is already known. */
  const isKnown = (notification: Notification | null) =>
    notification !== null && state !== null && notification.seq <= state.seq

  function receive(message: Message) {
    if (message.userId !== userId) return
    if (message.kind === 'state' && !isKnown(message.notification)) apply(message.state, message.notification)
    if (message.kind === 'check') void checkSession().catch(() => {})
    if (message.kind === 'stop') stop.abort()
    if (message.kind === 'outdated' && tabs.isLeader()) {
      // A load can take long, but this shows that the tab is not frozen.
      tabs.send()
      void reload().catch(() => {})
    }
  }

  function onMessage(notification: Notification) {
    if (!isKnown(notification)) share({ seq: notification.seq, unread: (state?.unread ?? 0) + 1 }, notification)
  }
  async function onBye(code: string, retryMs: number) {
    if (code === 'TOO_MANY_STREAMS') throw new TryAgain(null)
    if (code !== 'SESSION_ENDED') throw new TryAgain(retryMs)
    tabs.send({ userId, kind: 'check' })
    await checkSession()
  }
  async function receiveStream(signal: AbortSignal, isWorking: () => void) {
    tabs.send()
    if (!state) await reload()
    let retryMs = delays.backoffMs
    const open = (one: AbortSignal) => openStream(state?.seq ?? 0, one)
    for await (const { event, id, data = '', retry } of readEvents(open, signal)) {
      tabs.send()
      if (retry) retryMs = Number(retry)
      if (event === 'ready') isWorking()
      if (event === 'reset') await reload()
      if (event === 'message') onMessage({ seq: Number(id), readAt: null, ...JSON.parse(data) })
      if (event === 'bye') await onBye(JSON.parse(data).code, retryMs)
    }
    throw new Error('The stream was cut')
  }
  async function lead(signal: AbortSignal) {
    await keepTrying((isWorking) => receiveStream(signal, isWorking), signal)
    if (signal.aborted) return
    tabs.send({ userId, kind: 'stop' })
    // The message may arrive after the lock is free.
    await pause(delays.lingerMs, signal)
    stop.abort()
  }
  const tabs = joinTabs<Message>({ name, isBrowser, signal: stop.signal, receive, lead })
  tabs.ask({ userId, kind: 'outdated' })

  return {
    /** Loads the state again, in the leading tab. */
    refresh() {
      if (tabs.isLeader()) void reload().catch(() => {})
      else tabs.ask({ userId, kind: 'outdated' })
    }
  }
}
