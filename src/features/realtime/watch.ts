import type { FastifyInstance } from 'fastify'
import { OVERLAP_MS } from '../../plugins/identity/auth/resync.ts'
import type { Parts } from './parts.ts'

const TICK_MS = 250
/** A revocation by another replica ends a stream within a second, with or without Redis. */
const REVOCATIONS_MS = 500
/** How often channels are read that Redis may not have told about: while replicas hear each other, and while they do not. */
const CHANNELS_MS = { heard: 5000, unheard: 500 }

type Used = Pick<Parts, 'connections' | 'fanOut' | 'log' | 'replicas'>

/** Rereads SQL for what other replicas did. */
function createPoll({ connections, fanOut, log, replicas }: Used) {
  const since = { revocations: new Date(), channels: new Date() }
  const before = (time: Date) => new Date(time.getTime() - OVERLAP_MS)
  const isDue = (time: Date, now: Date, everyMs: number) => now.getTime() - time.getTime() >= everyMs
  let wasHeard = false

  async function readRevocations(now: Date) {
    connections.endSessions(await log.revokedSince(before(since.revocations)))
    since.revocations = now
  }
  async function readChannels(now: Date) {
    for (const { name, lastSeq } of await log.changedSince(before(since.channels))) fanOut.wake(name, lastSeq)
    since.channels = now
  }

  return {
    async poll(now: Date) {
      // What opens later reads what was written until then.
      if (connections.count() === 0) Object.assign(since, { revocations: now, channels: now })
      if (isDue(since.revocations, now, REVOCATIONS_MS)) await readRevocations(now)
      const isHeard = replicas.isHeard()
      const isBack = isHeard && !wasHeard
      wasHeard = isHeard
      if (isBack || isDue(since.channels, now, isHeard ? CHANNELS_MS.heard : CHANNELS_MS.unheard))
        await readChannels(now)
    }
  }
}

/** Keeps connections alive, follows other replicas, and ends the connections of a replica that stops. */
export function watchRegularly(app: FastifyInstance, parts: Used) {
  const { connections } = parts
  const { poll } = createPoll(parts)
  let stopAt: number | null = null
  let running: Promise<void> | null = null

  /** Spreads the ends over SHUTDOWN_DELAY, so that not all clients come back at once. */
  function stop() {
    stopAt ??= performance.now() + app.config.SHUTDOWN_DELAY * 1000
    connections.stop(Math.min(1, TICK_MS / Math.max(1, stopAt - performance.now())))
  }

  function tick() {
    if (app.lifecycle.isStopping) stop()
    connections.keepAlive()
    running ??= poll(new Date())
      .catch((err: unknown) => app.log.debug({ err }, 'could not read what other replicas did; trying again'))
      .finally(() => {
        running = null
      })
  }

  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', async () => {
    timer = setInterval(tick, TICK_MS).unref()
  })
  app.addHook('preClose', async () => {
    clearInterval(timer)
    connections.stop(1)
    await running
  })
}
