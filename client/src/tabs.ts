/** How long a tab waits for what another one is about to tell. */
const TOLD_WITHIN_MS = 1000

/**
 * What the tabs of one origin do together: tell each other, over a BroadcastChannel, and do one after the other, by a Web Lock.
 * Without them (an old browser, a worker of its own) each is alone, which the service allows for: see REFRESH_GRACE.
 */
export function createTabs<Message extends { isLoggedIn: boolean }>(name: string, onTold: (message: Message) => void) {
  const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : null
  const locks = 'navigator' in globalThis ? navigator.locks : undefined
  const storage = 'document' in globalThis ? localStorage : null
  /** What was told last, `in 7` or `out 8`: all tabs see it before the lock is free, while a message may come after. */
  const last = () => storage?.getItem(name) ?? 'out 0'
  let heard = () => {}

  if (channel) {
    // Node would not end.
    if ('unref' in channel) (channel as unknown as { unref(): void }).unref()
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      onTold(data)
      heard()
    }
  }

  return {
    /** As tabs told each other; null where nothing can be kept. */
    wasLoggedIn: () => (storage ? last().startsWith('in') : null),
    tell(message: Message) {
      storage?.setItem(name, `${message.isLoggedIn ? 'in' : 'out'} ${Number(last().split(' ')[1]) + 1}`)
      channel?.postMessage(message)
    },
    /** Runs `work` while no other tab runs its own, and after what the last one has told was heard. */
    async alone(work: () => Promise<void>) {
      if (!locks) return work()
      const before = last()
      const told = new Promise<void>((resolve) => {
        heard = resolve
        setTimeout(resolve, TOLD_WITHIN_MS)
      })
      await locks.request(name, async () => {
        if (last() !== before) await told
        await work()
      })
    },
    close: () => channel?.close()
  }
}
