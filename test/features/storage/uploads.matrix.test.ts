import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { isPostgres } from '../../../src/plugins/platform/db/address.ts'
import { type Backend, backends, buildWithLog, type LoggedIn, logIn, someBackends } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { answersIn, listen } from '../../plugins/platform/errors/raw.ts'
import { waitUntil } from '../../wait.ts'
import { create, get, outcome, put, sha256, someBytes } from './calls.ts'

// Uploads over real connections: those that are cut off, wait, lie about their length, or race each other.

async function start(t: Test, backend: Backend, environment: object = {}) {
  const folder = t.testdir()
  const settings = { ...(await backend.environment()), STORAGE_URI: `file:${folder}`, ...environment }
  const { app, lines } = await buildWithLog(t, settings)
  const port = await listen(app)
  return { app, lines, folder, port, ada: await logIn(app, 'ada') }
}

/** Sends the head of an upload, and leaves its body to the caller. */
function begin(port: number, { headers }: LoggedIn, id: string, framing: string) {
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.write(
    `PUT /api/files/${id}/content HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n${own.join('')}${framing}\r\n\r\n`
  )
  return {
    socket,
    status: async () => {
      await waitUntil(() => text.includes('\r\n\r\n'), 'it is answered')
      return answersIn(text)[0]?.status
    },
    text: () => text
  }
}

const stateOf = async (app: FastifyInstance, session: LoggedIn, id: string) =>
  (await call(app, session, `GET /api/files/${id}`)).json().state

for (const backend of someBackends) {
  const options = { skip: backend.skip }

  t.test(`only a whole upload counts, on ${backend.name}`, options, async (t) => {
    const { app, lines, folder, port, ada } = await start(t, backend)
    const isToldToShare = lines.some(({ msg }) => `${msg}`.includes('replicas have to share'))
    t.equal(isToldToShare, isPostgres(app.config.DB_URI), 'a folder is for one replica, unless they share it')
    const bytes = someBytes()
    const { id } = await create(app, ada)

    const chunked = begin(port, ada, id, 'Transfer-Encoding: chunked')
    chunked.socket.write('3e8\r\n')
    t.equal(await chunked.status(), 411, 'chunked')
    chunked.socket.destroy()
    for (const length of ['999', '1001', '0', '99999999999']) {
      const lying = begin(port, ada, id, `Content-Length: ${length}`)
      t.equal(await lying.status(), 422, length)
      lying.socket.destroy()
    }
    for (const framing of [
      'Content-Length: -1',
      'Content-Length: 1e3',
      'Content-Length: 1000\r\nContent-Length: 1001'
    ]) {
      const malformed = begin(port, ada, id, framing)
      t.equal(await malformed.status(), 400, framing)
      malformed.socket.destroy()
    }
    t.strictSame(readdirSync(folder), [], 'nothing was written')

    const cut = begin(port, ada, id, 'Content-Length: 1000')
    cut.socket.write(bytes.subarray(0, 600))
    await waitUntil(() => readdirSync(folder).length === 1, 'the upload began')
    t.equal(await stateOf(app, ada, id), 'uploading')
    t.equal(outcome(await put(app, ada, id, bytes)), '409 UPLOAD_IN_PROGRESS')
    t.equal(outcome(await get(app, ada, id)), '404 FILE_NOT_FOUND', 'nobody sees a part')
    cut.socket.destroy()
    await waitUntil(async () => (await stateOf(app, ada, id)) === 'pending', 'the upload was given up')
    t.strictSame(readdirSync(folder), [])

    const dribbled = begin(port, ada, id, 'Content-Length: 1000')
    for (let at = 0; at < 1000; at += 250) {
      dribbled.socket.write(bytes.subarray(at, at + 250))
      await sleep(20)
    }
    t.equal(await dribbled.status(), 200, 'a slow upload is one')
    t.ok((await get(app, ada, id)).rawPayload.equals(bytes))
    dribbled.socket.end()
    t.match(
      await app.db.select().from(app.tables.files),
      [{ attempt: 2, state: 'stored', sha256: sha256(bytes) }],
      'what was refused before it began is no attempt'
    )
  })

  t.test(`of ten uploads of a file at once, one is stored, on ${backend.name}`, options, async (t) => {
    const { app, folder, ada } = await start(t, backend)
    const { id } = await create(app, ada, { size: 200_000 })
    const contents = Array.from({ length: 10 }, () => someBytes(200_000))
    const replies = await Promise.all(contents.map((bytes) => put(app, ada, id, bytes)))
    const stored = replies.findIndex(({ statusCode }) => statusCode === 200)
    for (const [i, reply] of replies.entries())
      if (i !== stored) t.match(outcome(reply), /^409 (UPLOAD_IN_PROGRESS|FILE_ALREADY_STORED)$/)
    t.ok((await get(app, ada, id)).rawPayload.equals(contents[stored] as Buffer), 'with its own bytes')
    t.equal(readdirSync(folder).length, 1)
  })

  t.test(`an upload of a file that is deleted meanwhile stores nothing, on ${backend.name}`, options, async (t) => {
    const { app, folder, port, ada } = await start(t, backend)
    const { id } = await create(app, ada)
    const upload = begin(port, ada, id, 'Content-Length: 1000')
    upload.socket.write(someBytes(600))
    await waitUntil(() => readdirSync(folder).length === 1, 'the upload began')
    t.equal((await call(app, ada, `DELETE /api/files/${id}`)).statusCode, 204)
    upload.socket.write(someBytes(400))
    t.equal(await upload.status(), 404)
    upload.socket.end()
    t.strictSame(readdirSync(folder), [])
  })

  t.test(`a stop waits for running uploads, on ${backend.name}`, options, async (t) => {
    const { app, folder, port, ada } = await start(t, backend)
    const { id } = await create(app, ada)
    const upload = begin(port, ada, id, 'Content-Length: 1000')
    upload.socket.write(someBytes(600))
    await waitUntil(() => readdirSync(folder).length === 1, 'the upload began')
    const closed = app.close()
    upload.socket.write(someBytes(400))
    t.equal(await upload.status(), 200)
    await closed
    t.strictSame(readdirSync(folder), [`${id}.1`])
  })
}

t.test('files need no database connection while they wait for bytes', async (t) => {
  const backend = backends.find(({ name }) => name.startsWith('PostgreSQL')) as Backend
  if (backend.skip) return t.pass(backend.skip)
  const { app, folder, port, ada } = await start(t, backend, { DB_POOL_MAX: '2' })
  const ids = await Promise.all(Array.from({ length: 10 }, async () => (await create(app, ada)).id))
  const uploads = ids.map((id) => begin(port, ada, id, 'Content-Length: 1000'))
  for (const { socket } of uploads) socket.write(someBytes(600))
  await waitUntil(() => readdirSync(folder).length === 10, 'all uploads began')
  t.equal((await call(app, ada, 'GET /api/files')).json().files.length, 10, 'others are served')
  for (const { socket } of uploads) socket.write(someBytes(400))
  for (const { status } of uploads) t.equal(await status(), 200)
  for (const { socket } of uploads) socket.end()
})
