import { attempt } from './attempt.ts'
import { delays } from './delays.ts'
import { openChannel } from './tabs.ts'

type Options<Message> = {
  name: string
  isBrowser: boolean
  /** Leaves the others. */
  signal: AbortSignal
  /** Gets the messages of the other tabs. */
  receive: (message: Message) => void
  /** Works for all tabs until its signal aborts. */
  lead: (signal: AbortSignal) => Promise<void>
}
type Envelope<Message> = { message?: Message | undefined; isLeader: boolean }

/**
 * Joins the tabs of one origin, of which one leads: the one with a lock. If it closes, the browser gives the lock to another one. If it is
 * silent, it may be frozen, so another one takes the lock away. Without locks, and in Node, each tab leads itself.
 */
export function joinTabs<Message>({ name, isBrowser, signal, receive, lead }: Options<Message>) {
  const locks = isBrowser ? navigator.locks : undefined
  const channel = locks ? openChannel(name, hear) : null
  let isAlone = channel === null
  let leading: AbortController | null = null
  let queued = new AbortController()
  let watchdog: ReturnType<typeof setTimeout> | undefined

  /** Takes over unless the leader is heard within this time. */
  function expectLeader(ms: number) {
    clearTimeout(watchdog)
    if (!leading && !isAlone && !signal.aborted) watchdog = setTimeout(() => request(true), ms)
  }
  async function work() {
    if (signal.aborted) return
    clearTimeout(watchdog)
    const own = new AbortController()
    leading = own
    await lead(own.signal)
    if (leading === own) leading = null
  }
  function leadAlone() {
    isAlone = true
    clearTimeout(watchdog)
    channel?.close()
    void lead(signal)
  }
  function request(steal: boolean) {
    queued.abort()
    const own = new AbortController()
    queued = own
    let isGranted = false
    const run = () => {
      isGranted = true
      return work()
    }
    locks?.request(name, steal ? { steal } : { signal: own.signal }, run).catch(() => {
      // This tab withdrew its request.
      if (own.signal.aborted) return
      // The browser denies locks.
      if (!isGranted) return leadAlone()
      // Another tab took the lock away.
      leading?.abort()
      leading = null
      request(false)
    })
  }
  function send(message?: Message) {
    attempt(() => channel?.send({ message, isLeader: leading !== null }))
  }
  function hear({ message, isLeader }: Envelope<Message>) {
    if (isLeader) expectLeader(delays.leaderMs)
    if (message !== undefined) receive(message)
  }
  signal.addEventListener('abort', () => {
    clearTimeout(watchdog)
    queued.abort()
    leading?.abort()
    channel?.close()
  })
  if (channel) request(false)
  else queueMicrotask(leadAlone)

  return {
    /** Sends a message to the other tabs. Without one, the leader shows that it is not frozen. */
    send,
    /** Sends a message that the leader answers immediately. */
    ask(message: Message) {
      send(message)
      expectLeader(delays.lockMs)
    },
    isLeader: () => isAlone || leading !== null
  }
}
