import { attempt } from './attempt.ts'
import { delays } from './delays.ts'

/** Connects this tab to others of its origin. Null: the browser denies it. */
export function openChannel<Message>(name: string, receive: (message: Message) => void) {
  const channel = attempt(() => new BroadcastChannel(name))
  if (channel === null) return null
  // Lets Node exit where there is a document, as with jsdom.
  if ('unref' in channel) (channel as unknown as { unref(): void }).unref()
  channel.onmessage = ({ data }: MessageEvent<Message>) => receive(data)
  return { send: (message: Message) => channel.postMessage(message), close: () => channel.close() }
}

type State = { isLoggedIn: boolean; userId: string | null }
export type Tabs<Message extends State> = ReturnType<typeof createTabs<Message>>
/**
 * Connects the tabs of one origin: they share messages, and take turns with a lock. In browsers without locks each tab works on
 * its own, which REFRESH_GRACE allows for. In Node, where two clients may belong to two users, nothing is shared.
 */
export function createTabs<Message extends State>(name: string) {
  const isBrowser = 'document' in globalThis
  const locks = isBrowser ? navigator.locks : undefined
  let published = 0
  let receive: (message: Message) => void = () => {}
  const channel = isBrowser ? openChannel<Message>(name, (message) => receive(message)) : null

  return {
    isBrowser,
    /** Whether a user was logged in when this page was last left, and which one. Null: not known. */
    recall(): { isLoggedIn: boolean | null; userId: string | null } {
      const read = () => {
        const mark = localStorage.getItem(name)
        // Without a mark, check that storage takes one: full storage may have dropped it, so the state is unknown.
        if (mark === null) localStorage.setItem(name, '')
        if (mark === null) localStorage.removeItem(name)
        const [state, userId = null] = mark?.split(' ') ?? []
        return { isLoggedIn: state === 'in', userId }
      }
      return (isBrowser ? attempt(read) : { isLoggedIn: false, userId: null }) ?? { isLoggedIn: null, userId: null }
    },
    /** Stores what `recall` returns after a reload. */
    remember({ isLoggedIn, userId }: State) {
      const write = () => {
        // The short form first: it fits where `out` was, even if storage is full.
        localStorage.setItem(name, isLoggedIn ? 'in' : 'out')
        if (userId) localStorage.setItem(name, `in ${userId}`)
      }
      if (isBrowser) attempt(write)
    },
    /** Sets what gets the messages of all tabs, including this one. */
    onMessage(receiver: typeof receive) {
      receive = receiver
    },
    /** Sends a message to all tabs, including this one. */
    publish(message: Message) {
      published++
      attempt(() => channel?.send(message))
      receive(message)
    },
    /**
     * Runs `work` while no other tab runs its own, and after the messages of the last one have arrived. Runs it without the lock
     * if the browser denies the lock or does not grant it in time. Do not nest.
     */
    withLock<Result>(work: () => Promise<Result>): Promise<Result> {
      if (!locks) return work()
      return new Promise((resolve, reject) => {
        let isRunning = false
        const run = async () => {
          isRunning = true
          const before = published
          resolve(await work())
          if (published !== before) await new Promise((release) => setTimeout(release, delays.lingerMs))
        }
        locks
          .request(name, { signal: AbortSignal.timeout(delays.lockMs) }, run)
          .catch((error) => (isRunning ? reject(error) : resolve(work())))
      })
    },
    /** Disconnects this tab from the others. */
    close: () => channel?.close()
  }
}
