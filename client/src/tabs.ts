/** How long a tab keeps the lock after it has told the others, in ms: a message may come after a lock that is free. */
const LINGER_MS = 200
/** How long a tab waits for the lock, in ms. A tab that is frozen, or that shows an `alert()`, keeps it forever. */
const LOCK_WAIT_MS = 3000

/** Runs what a browser may refuse, such as a write to storage that is full. Returns null then: the client works without. */
function attempt<Result>(work: () => Result): Result | null {
  try {
    return work()
  } catch {
    return null
  }
}

/**
 * What the tabs of one origin do together: they tell each other, and take turns. An old browser leaves each alone, which the
 * service allows for: see REFRESH_GRACE. In Node, where two clients may be of two users, nothing is shared.
 */
export function createTabs<Message extends { isLoggedIn: boolean; userId: string | null }>(
  name: string,
  onTold: (message: Message) => void
) {
  const isBrowser = 'document' in globalThis
  const channel = isBrowser ? attempt(() => new BroadcastChannel(name)) : null
  const locks = isBrowser ? navigator.locks : undefined
  let told = 0
  if (channel) channel.onmessage = ({ data }: MessageEvent<Message>) => onTold(data)
  // Node with a document, as jsdom makes one, can exit all the same.
  if (channel && 'unref' in channel) (channel as unknown as { unref(): void }).unref()

  return {
    isBrowser,
    /** Whether somebody was logged in when this page was left, and who; null: not known. */
    recall(): { isLoggedIn: boolean | null; userId: string | null } {
      const read = () => {
        const mark = localStorage.getItem(name)
        // Storage that is full may have kept no mark of a login, so then nothing is known.
        if (mark === null) localStorage.setItem(name, '')
        if (mark === null) localStorage.removeItem(name)
        const [state, userId = null] = mark?.split(' ') ?? []
        return { isLoggedIn: state === 'in', userId }
      }
      return (isBrowser ? attempt(read) : { isLoggedIn: false, userId: null }) ?? { isLoggedIn: null, userId: null }
    },
    /** Keeps what `recall` gives after a reload. */
    remember({ isLoggedIn, userId }: Message) {
      const write = () => {
        // First without the user: that fits in the place of `out` even where storage is full.
        localStorage.setItem(name, isLoggedIn ? 'in' : 'out')
        if (userId) localStorage.setItem(name, `in ${userId}`)
      }
      if (isBrowser) attempt(write)
    },
    /** All tabs, this one too. */
    tell(message: Message) {
      told++
      attempt(() => channel?.postMessage(message))
      onTold(message)
    },
    /**
     * Runs `work` while no other tab runs its own, and after what the last one told was heard. Where the lock cannot be had in
     * time, or at all, it runs without. It may not be nested.
     */
    alone<Result>(work: () => Promise<Result>): Promise<Result> {
      if (!locks) return work()
      return new Promise((resolve, reject) => {
        let isRunning = false
        const run = async () => {
          isRunning = true
          const before = told
          resolve(await work())
          if (told !== before) await new Promise((release) => setTimeout(release, LINGER_MS))
        }
        locks
          .request(name, { signal: AbortSignal.timeout(LOCK_WAIT_MS) }, run)
          .catch((error) => (isRunning ? reject(error) : resolve(work())))
      })
    },
    /** This tab neither tells the others nor hears them anymore. */
    close: () => channel?.close()
  }
}
