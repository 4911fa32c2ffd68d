import t, { type Test } from 'tap'
import { examineFiles } from '../../../scripts/doctor-files.ts'
import { type Bucket, parseBucket } from '../../../src/features/storage/address.ts'
import { createS3Store } from '../../../src/features/storage/s3.ts'
import { createSweep } from '../../../src/features/storage/sweep.ts'
import { backends, buildWithLog, logIn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { startProxy } from '../../proxy.ts'
import { freePort } from '../../wait.ts'
import { create, get, outcome, put, sha256, someBytes, upload } from './calls.ts'
import { testCrashes } from './crash.ts'
import { noRadosgw, startRadosgw } from './radosgw.ts'
import { testStore } from './store.ts'

t.setTimeout(300_000)
if (noRadosgw) {
  t.plan(0, noRadosgw)
} else {
  const s3 = await startRadosgw(t)
  const bucket = parseBucket(s3.uri()) as Bucket

  await t.test('a bucket keeps what a store promises', async (t) => {
    await testStore(t, createS3Store(bucket))
    t.strictSame(await s3.keys(), ['a.2', 'c.1'])
  })

  await t.test('a bucket refuses other bytes than the signed hash names', async (t) => {
    const bytes = someBytes(1000)
    const body = (async function* () {
      yield bytes
    })()
    const stored = createS3Store(bucket).put('wrong.1', body, { size: 1000, sha256: sha256(someBytes()) })
    await t.rejects(stored, { code: 'STORAGE_UNAVAILABLE', cause: { message: /400 XAmzContentSHA256Mismatch/ } })
    t.notOk((await s3.keys()).includes('wrong.1'))
  })

  await t.test('what is wrong with a bucket is in the log, without a secret', async (t) => {
    for (const [uri, reason] of [
      [s3.uri().replace('a%2Fsecret', 'another'), /403 SignatureDoesNotMatch/],
      [s3.uri().replace('KEY', 'NOBODY'), /403 InvalidAccessKeyId/],
      [s3.uri().replace('/files', '/nothing'), /404 NoSuchBucket/]
    ] as const) {
      const { app, lines } = await buildWithLog(t, { STORAGE_URI: uri })
      const ada = await logIn(app, 'ada')
      const { id } = await create(app, ada)
      t.equal(outcome(await put(app, ada, id, someBytes())), '503 STORAGE_UNAVAILABLE')
      t.match(JSON.stringify(lines), reason)
      t.notMatch(JSON.stringify(lines), 'secret')
    }
  })

  await t.test('the doctor tries a bucket, and finds one that is public or refuses the key', async (t) => {
    const examine = async (STORAGE_URI: string) => {
      const found: string[] = []
      await examineFiles({ STORAGE_URI }, (title, finding) => found.push(finding?.text ?? `pass ${title}`))
      return found
    }
    const before = await s3.keys()
    const passes = [/pass The bucket answers/, /pass .*store/, /pass .*read/, /pass Nobody/, /pass .*delete/]
    t.match(await examine(s3.uri()), passes)
    await s3.setAccess('public-read')
    t.match(await examine(s3.uri()), [/pass/, /pass/, /pass/, /The bucket is public/, /pass/])
    await s3.setAccess('private')
    t.match(await examine(s3.uri().replace('a%2Fsecret', 'another')), [/pass/, /403 SignatureDoesNotMatch/])
    t.match(await examine(s3.uri(await freePort())), [/ECONNREFUSED/])
    t.strictSame(await s3.keys(), before)
  })

  for (const backend of backends) {
    await t.test(`files in a bucket, on ${backend.name}`, { skip: backend.skip }, async (t: Test) => {
      const { app } = await buildWithLog(t, {
        ...(await backend.environment()),
        STORAGE_URI: s3.uri(),
        UPLOAD_TTL: '1m'
      })
      const ada = await logIn(app, 'ada')
      const bytes = someBytes(2_000_000)
      const before = await s3.keys()
      const { id } = await create(app, ada, { size: bytes.length, sha256: sha256(bytes) })
      const wrong = someBytes(bytes.length)
      t.equal(outcome(await put(app, ada, id, wrong)), '422 CHECKSUM_MISMATCH')
      t.strictSame(await s3.keys(), before, 'not even for a moment')
      const replies = await Promise.all([bytes, bytes, bytes].map((one) => put(app, ada, id, one)))
      t.equal(replies.filter(({ statusCode }) => statusCode === 200).length, 1)
      t.ok((await get(app, ada, id)).rawPayload.equals(bytes))
      const range = await get(app, ada, id, { range: 'bytes=1000000-1000009' })
      t.equal(range.statusCode, 206)
      t.ok(range.rawPayload.equals(bytes.subarray(1_000_000, 1_000_010)))
      t.equal((await get(app, ada, id, { range: 'bytes=2000000-' })).statusCode, 416)
      t.equal((await get(app, ada, id, {}, 'HEAD')).headers['content-length'], '2000000')
      const kept = await upload(app, ada)
      await call(app, ada, `DELETE /api/files/${id}`)
      const store = createS3Store(bucket)
      const sweepBatch = createSweep(app.db, app.tables, store, 60_000)
      for (const ms of [0, 61_000]) await sweepBatch(new Date(Date.now() + ms))
      t.strictSame(await s3.keys(), [...before, `${kept.id}.1`].sort())
      t.match(await app.db.select().from(app.tables.files), [{ id: kept.id }])
    })
  }

  await t.test('a bucket that is down, silent, or full is a 503 of its own, and comes back', async (t) => {
    const proxy = await startProxy(t, s3.port)
    const { app } = await buildWithLog(t, { STORAGE_URI: s3.uri(proxy.port) })
    const ada = await logIn(app, 'ada')
    const bytes = someBytes(200_000)
    const stored = await upload(app, ada, bytes)
    const { id } = await create(app, ada, { size: bytes.length })
    const isReady = async () => (await app.inject({ method: 'GET', url: '/readyz' })).statusCode

    proxy.shut()
    t.equal(outcome(await put(app, ada, id, bytes)), '503 STORAGE_UNAVAILABLE', 'down')
    t.equal(outcome(await get(app, ada, stored.id)), '503 STORAGE_UNAVAILABLE')
    t.equal(await isReady(), 200)
    t.equal((await call(app, ada, 'GET /api/files')).statusCode, 200)
    await proxy.open()
    t.ok((await get(app, ada, stored.id)).rawPayload.equals(bytes))

    proxy.slow(60_000)
    const impatient = createS3Store(parseBucket(s3.uri(proxy.port)) as Bucket, 500)
    const stalled = { code: 'STORAGE_UNAVAILABLE', cause: { message: 'the bucket made no progress' } }
    await t.rejects(impatient.get(`${stored.id}.1`, bytes.length, null), stalled, 'silent')
    await t.rejects(impatient.remove('silent.1'), stalled)
    proxy.refuse()
    await proxy.open()

    s3.fill()
    t.equal(outcome(await put(app, ada, id, bytes)), '503 STORAGE_UNAVAILABLE', 'full')
    s3.empty()
    t.equal((await put(app, ada, id, bytes)).statusCode, 200)
    t.ok((await get(app, ada, id)).rawPayload.equals(bytes))
  })

  await t.test('after kill -9 at fifty points of an upload, what a bucket has is whole, and nothing else', (t) =>
    testCrashes(t, {
      uri: s3.uri(),
      store: createS3Store(bucket),
      keys: s3.keys,
      rounds: 4,
      points: Array.from({ length: 13 }, (_, i) => Math.min(1, i / 7))
    })
  )
}
