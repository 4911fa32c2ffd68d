import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createDiskStore } from '../../../src/features/storage/disk.ts'
import { createSweep } from '../../../src/features/storage/sweep.ts'
import { build, PASSWORD } from '../../build.ts'
import { freshFolder, post, settled, signUpBy, startListening } from '../../process.ts'
import { type Created, sha256, someBytes } from './calls.ts'

const ROUNDS = 10
const SIZE = 200_000
/** How much of each upload has been sent when the service dies: from nothing to all. */
const POINTS = [0, 0.01, 0.5, 0.99, 1]

t.setTimeout(300_000)

t.test('after kill -9 at fifty points of an upload, what is stored is whole, and nothing else is left', async (t) => {
  const folder = freshFolder(t)
  const files = join(folder, 'files')
  const environment = { ...settled, STORAGE_URI: `file:${files}` }
  const hashes = new Map<string, string>()
  const stored = new Set<string>()

  for (let round = 0; round < ROUNDS; round++) {
    const server = await startListening(t, folder, environment)
    if (round === 0) await signUpBy(server.url, 'ada')
    const login = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'cookie' }
    const { headers } = await post(`${server.url}/api/auth/login`, login)
    const cookie = `${headers.get('set-cookie')}`.split(';')[0] ?? ''
    const sockets = await Promise.all(
      POINTS.map(async (point) => {
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
    // Each round dies a little later: during the write, the two fsyncs, the rename, and the row.
    await sleep(10 + round * 25)
    const gone = once(server.child, 'close')
    server.child.kill('SIGKILL')
    await gone
    for (const socket of sockets) socket.destroy()
  }
  const left = readdirSync(files)

  const app = await build(t, { DB_URI: join(folder, 'app.db'), STORAGE_URI: `file:${files}` })
  const store = createDiskStore(files)
  const rows = await app.db.select().from(app.tables.files)
  t.equal(rows.length, ROUNDS * POINTS.length, 'every acknowledged file has its row')
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
  t.strictSame(readdirSync(files).sort(), whole.map(({ id, attempt }) => `${id}.${attempt}`).sort())
  t.strictSame((await app.db.select().from(app.tables.files)).length, whole.length)
  t.comment(`${whole.length} of ${rows.length} were stored, and ${left.length - whole.length} parts were left behind`)
})
