/** How long a tab keeps the lock after it has told the others, in ms: a message may come after a lock that is free. */
const LINGER_MS = 200

/**
 * What the tabs of one origin do together: they tell each other, and take turns. An old browser leaves each alone, which the
 * service allows for: see REFRESH_GRACE. In Node, where two clients may be of two users, nothing is shared.
 */
export function createTabs<Message extends { isLoggedIn: boolean }>(name: string, onTold: (message: Message) => void) {
  const isBrowser = 'document' in globalThis
  const channel = isBrowser && 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : null
  const locks = isBrowser ? navigator.locks : undefined
  // Where the user lets pages store nothing, even to look throws.
  const storage = isBrowser && navigator.cookieEnabled ? localStorage : null
  let told = 0
  if (channel) channel.onmessage = ({ data }: MessageEvent<Message>) => onTold(data)

  return {
    isBrowser,
    /** Whether a login was there when this page was left; null: nobody knows. */
    wasLoggedIn: () => (storage ? storage.getItem(name) === 'in' : isBrowser ? null : false),
    /** All tabs, this one too. */
    tell(message: Message) {
      told++
      storage?.setItem(name, message.isLoggedIn ? 'in' : 'out')
      channel?.postMessage(message)
      onTold(message)
    },
    /** Runs `work` while no other tab runs its own, and after what the last one told was heard. It may not be nested. */
    alone<Result>(work: () => Promise<Result>): Promise<Result> {
      if (!locks) return work()
      return new Promise((resolve, reject) => {
        const run = async () => {
          const before = told
          resolve(await work())
          if (told !== before) await new Promise((release) => setTimeout(release, LINGER_MS))
        }
        locks.request(name, run).catch(reject)
      })
    }
  }
}
