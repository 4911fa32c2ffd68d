import type { Client } from 'openapi-fetch'
import type { paths, Session } from './contract.ts'
import { ApiError, orThrow } from './errors.ts'
import { keepTrying, TryAgain } from './keep-trying.ts'
import { type ChannelListener, createRoster } from './roster.ts'
import { openSocket } from './socket.ts'
import type { Message, Store } from './store.ts'
import type { Tabs } from './tabs.ts'

type Options = {
  baseUrl: string
  store: Store
  tabs: Tabs<Message>
  api: Client<paths>
  session: () => Promise<Session | null>
  closing: Pick<AbortController, 'signal'>
}

const [SESSION_ENDED, TOO_MANY] = [4401, 4429]

/** Channels that users write in. All channels of a tab share one socket, which is open while there are any. */
export function createChannels({ baseUrl, store, tabs, api, session, closing }: Options) {
  const socketUrl = `${baseUrl.replace(/^http/, 'ws')}/api/realtime/socket`
  let running: AbortController | null = null
  const roster = createRoster((size) => {
    if (size === 0) stop()
    else if (!running) void start()
  })

  /** Keeps a socket open until nobody is logged in. A browser tells why a ticket is refused, but not why a socket is. */
  async function connect(signal: AbortSignal, isWorking: () => void) {
    if (!(await session())) return
    const { ticket } = await orThrow(api.POST('/api/realtime/tickets'))
    const onOpen = (line: Parameters<typeof roster.connect>[0]) => {
      isWorking()
      roster.connect(line)
    }
    const code = await openSocket(`${socketUrl}?ticket=${ticket}`, signal, { onOpen, onFrame: roster.receive })
    if (!signal.aborted) roster.disconnect()
    if (code === TOO_MANY) throw new TryAgain(null)
    // A call that renews the session also closes the socket. It has the lock until this tab has the new session.
    if (code === SESSION_ENDED) await tabs.withLock(async () => {})
    throw new Error('The socket was closed')
  }

  function stop() {
    running?.abort()
    running = null
    roster.disconnect()
  }
  async function start() {
    stop()
    if (roster.size() === 0 || store.isLoggedIn === false || closing.signal.aborted) return
    const own = new AbortController()
    running = own
    // While a device sleeps, its connection may die, which shows when something is sent.
    for (const event of ['focus', 'online']) globalThis.addEventListener?.(event, roster.probe, { signal: own.signal })
    let reason: string | null = null
    await keepTrying(async (isWorking) => {
      reason = 'TOO_MANY_STREAMS'
      await connect(own.signal, isWorking).catch((error: unknown) => {
        if (error instanceof ApiError) reason = error.code
        throw error
      })
      reason = null
    }, own.signal)
    if (running !== own) return
    stop()
    if (reason) roster.refuseAll(reason)
  }
  store.listeners.add(() => {
    roster.forget()
    void start()
  })
  closing.signal.addEventListener('abort', stop)

  return {
    /**
     * Joins a channel: `listener` gets the messages after a number, or from now on. A tab can be in a channel once. Returns how to
     * send a message, and how to leave.
     */
    join: (name: string, listener: ChannelListener, after?: number) => roster.join(name, listener, after)
  }
}
