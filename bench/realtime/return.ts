import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { openClient } from '../client.ts'
import { quantile, round } from '../figures.ts'
import { fromPage } from '../service.ts'
import { LIMIT_MS, openSocket, openSockets } from './crowd.ts'
import { startOwnService, streamSteps } from './subjects.ts'

const [BACKOFF_MS, MAX_BACKOFF_MS] = [1000, 30_000]

/** Waits until the service ends a stream, and then for as long as it said, in ms. */
async function untilRetry(socket: Socket) {
  let retryMs = BACKOFF_MS
  socket.on('data', (data) => {
    for (const [, ms] of data.toString('latin1').matchAll(/retry: (\d+)/g)) retryMs = Number(ms)
  })
  await once(socket, 'close', { signal: AbortSignal.timeout(LIMIT_MS) })
  await sleep(retryMs)
}

/** Restarts the service under many streams: how long until all clients are back, and how long other calls take meanwhile. */
export async function comeBack(count: number) {
  const first = await startOwnService(count)
  const sockets = await openSockets(first.port, count, (i) => streamSteps(first.bearerOf(i)))
  let port: number | null = null
  let isOver = false

  /** As the client does: a random part of a window that doubles with each failure. */
  async function follow(old: Socket, i: number) {
    await untilRetry(old)
    for (let failures = 0; !isOver; failures++) {
      const socket = port && (await openSocket(port, streamSteps(first.bearerOf(i))).catch(() => null))
      if (socket) return socket
      await sleep(Math.random() * Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** failures))
    }
    return null
  }
  const following = Promise.all(sockets.map(follow)).finally(() => {
    isOver = true
  })
  const begin = performance.now()
  await first.stop()
  const second = await startOwnService(0, first.settings)
  port = second.port
  const late = setTimeout(() => {
    isOver = true
  }, 2 * LIMIT_MS)
  const client = await openClient(second.port, 1)
  const bytes = fromPage('GET', '/api/auth/whoami', first.bearerOf(0))
  const times: number[] = []
  while (!isOver) {
    let asked = 0
    const { times: own } = await client.run({ next: () => (asked++ === 0 ? bytes : null) })
    times.push(...own)
    await sleep(10)
  }
  const back = (await following).filter((socket) => socket !== null)
  const seconds = round((performance.now() - begin) / 1000, 1)
  clearTimeout(late)
  for (const socket of back) socket.destroy()
  client.close()
  await second.stop()
  return {
    clients: count,
    back: back.length,
    seconds,
    'at most': 15,
    'whoami p99 ms': round(quantile(times, 0.99), 1),
    'p99 at most': 100
  }
}
