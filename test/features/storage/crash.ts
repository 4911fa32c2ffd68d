import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Store } from '../../../src/features/storage/store.ts'
import { createSweep } from '../../../src/features/storage/sweep.ts'
import { build, PASSWORD } from '../../build.ts'
import { freshFolder, post, settled, signUpBy, startListening } from '../../process.ts'
import { waitUntil } from '../../wait.ts'
import { type Created, sha256, someBytes } from './calls.ts'

const SIZE = 200_000

type Options = {
  uri: string
  store: Store
  /** The keys of what the store has, and of parts of it. */
  keys: () => Promise<string[]> | string[]
  /** How often the service dies. */
  rounds: number
  /** How much of each upload has been sent when it does: from 0, nothing, to 1, all. */
  points: number[]
}

/** Kills the service amid uploads. What is stored then is whole, and after the cleanup nothing else is left. */
export async function testCrashes(t: Test, { uri, store, keys, rounds, points }: Options) {
  const folder = freshFolder(t)
  const before = await keys()
  const hashes = new Map<string, string>()
  const stored = new Set<string>()
  const complete = points.filter((point) => point === 1).length

  for (let round = 0; round < rounds; round++) {
    const server = await startListening(t, folder, { ...settled, STORAGE_URI: uri })
    if (round === 0) await signUpBy(server.url, 'ada')
    const login = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'cookie' }
    const { headers } = await post(`${server.url}/api/auth/login`, login)
    const cookie = `${headers.get('set-cookie')}`.split(';')[0] ?? ''
    const wanted = stored.size + (round % (complete + 1))
    const sockets = await Promise.all(
      points.map(async (point) => {
        const bytes = someBytes(SIZE)
        const reply = await post(`${server.url}/api/files`, { name: `${point}`, size: SIZE }, { cookie })
        const { id } = ((await reply.json()) as Created).file
        hashes.set(id, sha256(bytes))
        const socket = connect(server.port, '127.0.0.1')
        socket
          .on('error', () => {})
          .on('data', (text) => {
            if (`${text}`.startsWith('HTTP/1.1 200')) stored.add(id)
          })
        socket.write(
          `PUT /api/files/${id}/content HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${SIZE}\r\n\r\n`
        )
        socket.write(bytes.subarray(0, point * SIZE))
        return socket
      })
    )
    // Each round dies a little later: during the writes, what makes them durable, and the rows.
    await waitUntil(() => stored.size >= wanted, 'some uploads are acknowledged')
    await sleep(round * 5)
    const gone = once(server.child, 'close')
    server.child.kill('SIGKILL')
    await gone
    for (const socket of sockets) socket.destroy()
  }

  const app = await build(t, { DB_URI: join(folder, 'app.db'), STORAGE_URI: uri })
  const rows = await app.db.select().from(app.tables.files)
  t.equal(rows.length, rounds * points.length, 'every acknowledged file has its row')
  const whole = rows.filter(({ state }) => state === 'stored')
  for (const id of stored)
    t.ok(
      whole.some((row) => row.id === id),
      'what was acknowledged is stored'
    )
  for (const { id, attempt } of whole) {
    const bytes = Buffer.concat((await (await store.get(`${id}.${attempt}`, SIZE, null))?.toArray()) ?? [])
    t.equal(sha256(bytes), hashes.get(id))
  }
  const sweepBatch = createSweep(app.db, app.tables, store, 3_600_000)
  for (const hours of [2, 4]) await sweepBatch(new Date(Date.now() + hours * 3_600_000))
  t.strictSame((await keys()).sort(), [...before, ...whole.map(({ id, attempt }) => `${id}.${attempt}`)].sort())
  t.strictSame((await app.db.select().from(app.tables.files)).length, whole.length)
  t.comment(`${whole.length} of ${rows.length} were stored`)
}
