import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { fromClient } from '../../../src/features/storage/from-client.ts'
import { createMeter } from '../../../src/features/storage/meter.ts'
import { sha256, someBytes } from './calls.ts'

const { signal } = new AbortController()

async function readAll(body: AsyncIterable<Buffer>) {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

t.test('a body passes through in chunks of any size, and its hash and type are known at its end', async (t) => {
  const bytes = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), someBytes(500)])
  for (const length of [1, 3, 7, 508]) {
    const chunks = Array.from({ length: Math.ceil(508 / length) }, (_, i) =>
      bytes.subarray(i * length, (i + 1) * length)
    )
    const meter = createMeter(Readable.from(chunks), { size: 508, sha256: sha256(bytes) }, signal)
    t.throws(() => meter.content(), 'not before the end')
    t.ok((await readAll(meter.body())).equals(bytes))
    t.strictSame(meter.content(), { sha256: sha256(bytes), type: 'image/png' })
  }
})

t.test('what is not as declared throws', async (t) => {
  const bytes = someBytes(100)
  const meter = (declared: object, source: AsyncIterable<Buffer> = Readable.from([bytes])) =>
    readAll(createMeter(source, { size: 100, sha256: null, ...declared }, signal).body())
  await t.rejects(meter({ size: 99 }), { code: 'SIZE_MISMATCH' })
  await t.rejects(meter({ size: 101 }), { code: 'SIZE_MISMATCH' })
  await t.rejects(meter({ sha256: sha256(someBytes(100)) }), { code: 'CHECKSUM_MISMATCH' })
  const broken = new PassThrough()
  broken.write(bytes)
  setImmediate(() => broken.destroy(new Error('aborted')))
  await t.rejects(meter({}, fromClient(broken)), { code: 'MALFORMED_REQUEST' })
})

t.test('a client that stops sending is not waited for, and its connection closes', async (t) => {
  const silent = new PassThrough()
  silent.write(someBytes(10))
  await t.rejects(readAll(fromClient(silent, 50)), {
    code: 'REQUEST_TIMEOUT',
    statusCode: 408,
    headers: { connection: 'close' }
  })
  t.notOk(silent.destroyed, 'it can still be answered')
})

t.test('an upload that no longer counts ends', async (t) => {
  const upload = new AbortController()
  const source = new PassThrough()
  source.write(someBytes(10))
  const meter = createMeter(source, { size: 100, sha256: null }, upload.signal)
  upload.abort(new Error('deleted'))
  await t.rejects(readAll(meter.body()), { message: 'deleted' })
})
