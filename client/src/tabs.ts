/** How long a tab waits for what another one is about to tell. */
const TOLD_WITHIN_MS = 1000

/**
 * What the tabs of one origin do together: tell each other, over a BroadcastChannel, and do one after the other, by a Web Lock.
 * Without them (an old browser, a worker of its own) each is alone, which the service allows for: see REFRESH_GRACE.
 */
export function createTabs<Message>(name: string, onTold: (message: Message) => void) {
  const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : null
  const locks = 'navigator' in globalThis ? navigator.locks : undefined
  const storage = 'document' in globalThis ? localStorage : null
  /** Counts what was done alone, for all tabs to see: it is there before the lock is free, while a message may come after. */
  const count = () => storage?.getItem(name) ?? '0'
  let heard = () => {}

  if (channel) {
    // Node would not end.
    if ('unref' in channel) (channel as unknown as { unref(): void }).unref()
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      onTold(data)
      heard()
    }
  }

  function nextMessage() {
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, TOLD_WITHIN_MS)
      heard = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  return {
    tell(message: Message) {
      storage?.setItem(name, `${Number(count()) + 1}`)
      channel?.postMessage(message)
    },
    /** Runs `work` while no other tab runs its own, and after what the last one has told was heard. */
    async alone(work: () => Promise<void>) {
      if (!locks) return work()
      const before = count()
      const told = nextMessage()
      await locks.request(name, async () => {
        if (count() !== before) await told
        await work()
      })
    },
    close: () => channel?.close()
  }
}
