/** How long a tab keeps the lock after it has told the others, in ms: a message may come after a lock that is free. */
const LINGER_MS = 200

/**
 * What the tabs of one origin do together: tell each other, over a BroadcastChannel, and do one after the other, by a Web Lock.
 * Without them (an old browser, a worker of its own) each is alone, which the service allows for: see REFRESH_GRACE.
 */
export function createTabs<Message extends { isLoggedIn: boolean }>(name: string, onTold: (message: Message) => void) {
  const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : null
  const locks = 'navigator' in globalThis ? navigator.locks : undefined
  const storage = 'document' in globalThis ? localStorage : null

  if (channel) {
    // Node would not end.
    if ('unref' in channel) (channel as unknown as { unref(): void }).unref()
    channel.onmessage = ({ data }: MessageEvent<Message>) => onTold(data)
  }

  return {
    /** As was told last; null where nothing can be kept. */
    wasLoggedIn: () => (storage ? storage.getItem(name) === 'in' : null),
    tell(message: Message) {
      storage?.setItem(name, message.isLoggedIn ? 'in' : 'out')
      channel?.postMessage(message)
    },
    /** Runs `work` while no other tab runs its own, and after what the last one told was heard. It says whether it told. */
    alone(work: () => Promise<boolean>) {
      return new Promise<void>((resolve, reject) => {
        const run = async () => {
          const hasTold = await work()
          resolve()
          if (hasTold) await new Promise((release) => setTimeout(release, LINGER_MS))
        }
        ;(locks ? locks.request(name, run) : run()).catch(reject)
      })
    },
    close: () => channel?.close()
  }
}
