import type { FastifyBaseLogger } from 'fastify'
import { isFinal, isRefused, type SmtpError, toReason, watchMail } from './availability.ts'
import type { Mail, Transport } from './transport.ts'

export type MailQueue = ReturnType<typeof createMailQueue>

/** Mails that wait, are sent, or are tried again later. More than these are dropped. */
const MAX_QUEUED = 1000
const CONCURRENCY = 4
/** One try, in ms. */
const TRY_MS = 30_000
/** The pauses between the three tries, of which one outlasts a restart of the mail server, and how long a stop waits for mails. */
const TIMES = { pausesMs: [5000, 60_000], drainMs: 5000 }
/** A mail starts within so many ms: the time of the reply, or of the next one, does not tell whether there was a mail. */
const START_MS = 100
type Entry = { mail: Mail; tries: number }

/** Sends mails in the background, so that no request waits for a mail server. It holds a bounded number of them in memory. */
export function createMailQueue({ deliver, verify }: Transport, log: FastifyBaseLogger, { pausesMs, drainMs } = TIMES) {
  const availability = watchMail(verify, log)
  const waiting: Entry[] = []
  const delayed = new Map<NodeJS.Timeout, Entry>()
  const totals = { sent: 0, failed: 0, dropped: 0 }
  const stopping = new AbortController()
  const idle = { wake: () => {} }
  let running = 0
  let isClosing = false
  const size = () => waiting.length + delayed.size + running

  async function attempt(entry: Entry) {
    try {
      await deliver(entry.mail, AbortSignal.any([stopping.signal, AbortSignal.timeout(TRY_MS)]))
      totals.sent++
      availability.markUp()
    } catch (caught) {
      const error = caught as SmtpError
      const pauseMs = isFinal(error) ? undefined : pausesMs[entry.tries]
      if (!isRefused(error)) availability.markDown(error)
      if (pauseMs !== undefined && !isClosing) return delay({ ...entry, tries: entry.tries + 1 }, pauseMs)
      totals.failed++
      log.error(toReason(error), 'a mail could not be delivered')
    }
  }
  function delay(entry: Entry, pauseMs: number) {
    const timer = setTimeout(() => {
      delayed.delete(timer)
      enqueue(entry)
    }, pauseMs).unref()
    delayed.set(timer, entry)
  }
  function work() {
    while (running < CONCURRENCY && waiting.length > 0) {
      running++
      void attempt(waiting.shift() as Entry).finally(() => {
        running--
        work()
        if (size() === 0) idle.wake()
      })
    }
  }
  function enqueue(entry: Entry) {
    waiting.push(entry)
    work()
  }

  return {
    /** Queues a mail and returns at once. If there are too many, it is dropped, and the log says so. */
    send(mail: Mail) {
      if (size() < MAX_QUEUED) {
        waiting.push({ mail, tries: 0 })
        setTimeout(work, Math.random() * START_MS).unref()
        return
      }
      totals.dropped++
      log.error('the mail queue is full: a mail was dropped')
    },
    /** Whether the last try could be made. `check` rejects if not. */
    isUp: availability.isUp,
    check: availability.check,
    /** How many mails are in the queue, and how many left it since the start. */
    load: () => ({ queued: size(), ...totals }),
    /** Tries what is left, for a bounded time. */
    async close() {
      isClosing = true
      availability.stop()
      for (const [timer, entry] of delayed) {
        clearTimeout(timer)
        delayed.delete(timer)
        // Its last try.
        enqueue({ ...entry, tries: pausesMs.length })
      }
      work()
      if (size() > 0) {
        const { promise, resolve } = Promise.withResolvers<void>()
        idle.wake = resolve
        const limit = setTimeout(resolve, drainMs)
        await promise
        clearTimeout(limit)
      }
      if (size() > 0) log.error({ count: size() }, 'mails were lost: they could not be sent before the stop')
      waiting.splice(0)
      stopping.abort()
    }
  }
}
