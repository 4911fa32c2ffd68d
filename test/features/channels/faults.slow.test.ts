import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { build, databases, logIn, testEnvironment } from '../../build.ts'
import { waitUntil } from '../../servers.ts'
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
        // Some of these are amid their commit.
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
