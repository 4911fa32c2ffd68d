import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { build, databases, logIn, testEnvironment } from '../../build.ts'
import { startPostgres, waitUntil } from '../../servers.ts'
import { addressOf } from '../realtime/client.ts'
import { connect } from './client.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

for (const database of databases)
  t.test(
    `what was acknowledged is read once and in order, although its replica is killed, on ${database.name}`,
    async (t) => {
      const DB_URI = database.isPostgres ? await database.uri() : `file:${t.testdir()}/app.db`
      const first = await build(t, { DB_URI })
      const ada = await logIn(first, 'ada')
      if (!database.isPostgres) await first.close()
      const environment = JSON.stringify({ ...testEnvironment, DB_URI, LOG_LEVEL: 'silent' })
      const seqs: (number | undefined)[] = []
      const read: unknown[] = []
      const acknowledged: number[] = []
      let sent = 0
      for (let round = 1; round <= 3; round++) {
        const words = [join(import.meta.dirname, 'replica.ts'), environment]
        const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
        t.teardown(() => child.kill('SIGKILL'))
        const exited = once(child, 'exit')
        const url = `${(await once(child.stdout, 'data'))[0]}`.trim()
        const [reader, ...writers] = await Promise.all(Array.from({ length: 4 }, () => connect(url, ada.headers)))
        if (!reader) return
        t.equal(await reader.ask('sub', 'open.1', { after: seqs.length }), 'ok')
        const publish = async (writer: typeof reader) => {
          const data = ++sent
          if ((await writer.ask('pub', 'open.1', { type: 'text', data })) === 'ok') acknowledged.push(data)
        }
        const enough = 5 + Math.floor(Math.random() * 25)
        while (reader.of('msg').length < enough) await Promise.all(writers.map(publish))
        const isRead = (data: number) => read.includes(data) || reader.of('msg').some((one) => one.data === data)
        if (round === 3) await waitUntil(() => acknowledged.every(isRead), 'everything that was acknowledged')
        // Some of these are in the middle of their commit.
        else for (const writer of writers) for (let i = 0; i < 3; i++) void publish(writer).catch(() => {})
        child.kill('SIGKILL')
        await exited
        await waitUntil(reader.isClosed, 'the socket is cut')
        for (const { seq, data } of reader.of('msg')) {
          seqs.push(seq)
          read.push(data)
        }
        t.strictSame(seqs, numbers(seqs.length), `round ${round}: every message once, in order`)
      }
    }
  )

type Server = Awaited<ReturnType<typeof startPostgres>>
const outages: [name: string, begin: (postgres: Server) => unknown, end: (postgres: Server) => unknown][] = [
  ['stopped', (postgres) => postgres.stop(), (postgres) => postgres.start()],
  ['paused', (postgres) => postgres.signal('SIGSTOP'), (postgres) => postgres.signal('SIGCONT')]
]
/** What the contract allows, and what a busy machine adds. */
const ANSWER_MS = 1500 + 500

for (const [name, begin, end] of outages)
  t.test(
    `while PostgreSQL is ${name}, clients get SERVICE_UNAVAILABLE and keep their sockets; afterwards each one continues`,
    async (t) => {
      const postgres = await startPostgres()
      const app = await build(t, { DB_URI: await postgres.createDatabase(), STREAM_HEARTBEAT: '1s' })
      app.defineChannel('open.:id', { durable: true, join: () => true, publish: (_params, _owner, message) => message })
      const ada = await logIn(app, 'ada')
      const url = await addressOf(app)
      const [reader, writer] = [await connect(url, ada.headers), await connect(url, ada.headers)]
      const acknowledged: number[] = []
      let sent = 0
      async function publish() {
        const data = ++sent
        const code = await writer.ask('pub', 'open.1', { type: 'text', data })
        if (code === 'ok') acknowledged.push(data)
        return code
      }
      t.equal(await reader.ask('sub', 'open.1'), 'ok')
      t.equal(await publish(), 'ok')

      // One of these may be in the middle of its commit.
      const caught = [publish(), publish(), publish()]
      t.teardown(() => end(postgres))
      await begin(postgres)
      await Promise.all(caught)
      for (const act of [publish, () => reader.ask('sub', 'open.2'), () => writer.ask('sub', 'open.1', { after: 0 })]) {
        const at = performance.now()
        t.equal(await act(), 'SERVICE_UNAVAILABLE')
        t.ok(performance.now() - at < ANSWER_MS, `after ${performance.now() - at} ms`)
      }
      const { refusal } = await connect(url, ada.headers)
      t.match(refusal, { status: 503, headers: { 'retry-after': /\d/ }, body: { code: 'SERVICE_UNAVAILABLE' } })
      let pings = 0
      reader.ws.on('ping', () => {
        pings += 1
      })
      await waitUntil(() => pings > 1, 'it is kept open')

      await end(postgres)
      await waitUntil(async () => (await publish()) === 'ok', 'messages are stored again', 5000)
      t.equal(await writer.ask('sub', 'open.1', { after: 0 }), 'ok')
      for (const socket of [reader, writer]) {
        const read = () => socket.of('msg').map(({ data }) => data as number)
        await waitUntil(() => acknowledged.every((data) => read().includes(data)), 'everything that was acknowledged')
        t.strictSame(socket.seqs('open.1'), numbers(read().length), 'every message once, in order')
        t.strictSame(
          read().filter((data) => acknowledged.includes(data)),
          acknowledged.toSorted((a, b) => a - b)
        )
        t.equal(socket.isClosed(), false)
      }
    }
  )
