import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { detached } from '../../plugins/platform/time-budget/time-budget.ts'
import type { MessageLog } from './log.ts'
import type { Message } from './messages.ts'

/** Reads one channel on behalf of a session. It has no queue: what it has not read yet stays in the database. */
export type Reader = {
  readonly channel: string
  readonly sid: string
  /** The number of the last message that it got. */
  readonly cursor: number
  /** Whether it takes more. One that did not calls `wake` when it does again. */
  readonly isReady: boolean
  /** Takes the messages of its channel after its cursor, or the first of them. */
  deliver(messages: readonly Message[]): void
  /** Its session has ended. */
  endSession(): void
}
export type FanOut = ReturnType<typeof createFanOut>

/** Channels, readers, and messages of one statement. Only one runs at a time, so thousands of channels need one connection. */
const [CHANNELS, READERS, MESSAGES] = [64, 5000, 80]
const RETRY_MS = 250

/** Tells readers of new messages: a write wakes its channel, and a round reads what each of its readers has not seen. */
export function createFanOut(log: Pick<MessageLog, 'read'>, logger: FastifyBaseLogger) {
  const channels = new Map<string, Set<Reader>>()
  const awake = new Set<string>()
  let isRunning = false
  let observe: (message: Message) => void = () => {}

  const readersOf = (channel: string) => [...(channels.get(channel) ?? [])].filter(({ isReady }) => isReady)

  function deliver(readers: Reader[], messages: Message[], live: Set<string>) {
    const last = messages.at(-1)?.seq ?? 0
    for (const message of messages) observe(message)
    for (const reader of readers) {
      if (!live.has(reader.sid)) reader.endSession()
      else reader.deliver(messages)
    }
    const [reader] = readers
    if (reader) wake(reader.channel, last)
  }

  /** Takes channels that are awake, as many as fit. Of one that does not fit by itself, those that are furthest behind come first. */
  function take() {
    const taken = new Map<string, Reader[]>()
    let count = 0
    for (const name of awake) {
      const readers = readersOf(name)
      if (taken.size === CHANNELS || (taken.size > 0 && count + readers.length > READERS)) break
      awake.delete(name)
      count += readers.length
      const isTooMany = readers.length > READERS
      taken.set(name, isTooMany ? readers.sort((a, b) => a.cursor - b.cursor).slice(0, READERS) : readers)
    }
    return taken
  }

  async function round() {
    const readers = take()
    const names = [...readers.keys()]
    const all = [...readers.values()].flat()
    if (all.length === 0) return
    const wanted = [...readers]
      .filter(([, some]) => some.length > 0)
      .map(([channel, some]) => ({ channel, after: Math.min(...some.map(({ cursor }) => cursor)) }))
    const sids = [...new Set(all.map(({ sid }) => sid))]
    const { messages, live } = await log.read(wanted, sids, MESSAGES, new Date()).catch((error: unknown) => {
      for (const name of names) awake.add(name)
      throw error
    })
    const byChannel = Map.groupBy(messages, ({ channel }) => channel)
    // The last channel of a full page may have more messages, and the ones after it were not read.
    const complete = messages.length < MESSAGES ? names : [...byChannel.keys()].slice(0, -1)
    for (const name of names) if (!complete.includes(name)) awake.add(name)
    for (const [channel, some] of byChannel) deliver(readers.get(channel) ?? [], some, live)
  }

  async function run() {
    if (isRunning) return
    isRunning = true
    while (awake.size > 0) {
      // What this turn commits is read together; and SQLite answers synchronously, so this lets others run.
      await nextTurn()
      await round().catch(async (err: unknown) => {
        logger.debug({ err }, 'could not read messages; trying again')
        await sleep(RETRY_MS, undefined, { ref: false })
      })
    }
    isRunning = false
  }

  /** A channel has messages up to this number, or some that we do not know. */
  function wake(channel: string, seq = Number.POSITIVE_INFINITY) {
    if (!readersOf(channel).some(({ cursor }) => cursor < seq)) return
    awake.add(channel)
    void detached(run)
  }

  return {
    wake,
    add(reader: Reader) {
      const readers = channels.get(reader.channel) ?? new Set()
      channels.set(reader.channel, readers.add(reader))
    },
    remove(reader: Reader) {
      const readers = channels.get(reader.channel)
      readers?.delete(reader)
      if (readers?.size === 0) channels.delete(reader.channel)
    },
    readers: (channel: string): ReadonlySet<Reader> => channels.get(channel) ?? new Set(),
    /** Calls the listener for each message that was read for somebody. */
    onDelivered(listener: (message: Message) => void) {
      observe = listener
    }
  }
}
