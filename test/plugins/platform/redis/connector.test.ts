import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { createConnector } from '../../../../src/plugins/platform/redis/connector.ts'

/** The number of writes to the connection. */
function countWrites(redis: Redis) {
  let count = 0
  const { stream } = redis as unknown as { stream: Socket }
  for (const name of ['_write', '_writev'] as const) {
    const write = stream[name]?.bind(stream) as (...given: unknown[]) => void
    stream[name] = (...given: unknown[]) => {
      count++
      write(...given)
    }
  }
  return () => count
}

t.test('all commands of one turn of the event loop reach Redis in one write', async (t) => {
  const pieces: string[] = []
  const server = createServer((socket) => {
    socket.on('data', (piece) => {
      const text = `${piece}`
      pieces.push(text)
      socket.write('+OK\r\n'.repeat(text.match(/\*\d+\r\n/g)?.length ?? 0))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const redis = new Redis({ host: '127.0.0.1', port, Connector: createConnector(() => {}), enableReadyCheck: false })
  t.teardown(() => {
    redis.disconnect()
    server.close()
  })
  await once(redis, 'ready')
  await sleep(50)

  // Each request arrives in its own callback, and Node writes to its sockets between callbacks.
  const writes = countWrites(redis)
  const asked = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      await nextTurn()
      return { answer: redis.set(`key-${i}`, '1') }
    })
  )
  for (const { answer } of asked) t.equal(await answer, 'OK')
  t.equal(writes(), 1)
  t.match(pieces.join(''), /key-0\r\n[\s\S]*key-19\r\n/, 'in their order')

  await redis.set('one', '1')
  await redis.set('other', '1')
  t.equal(writes(), 3)
})
