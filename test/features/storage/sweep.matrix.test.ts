import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CLAIM_MS, createClaims } from '../../../src/features/storage/claims.ts'
import { createDiskStore } from '../../../src/features/storage/disk.ts'
import { createSweep } from '../../../src/features/storage/sweep.ts'
import { type Backend, build, logIn, someBackends } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { create, get, outcome, put, someBytes, upload } from './calls.ts'

const TTL_MS = 60_000

async function start(t: Test, backend: Backend) {
  const folder = t.testdir()
  const environment = { STORAGE_URI: `file:${folder}`, UPLOAD_TTL: '1m' }
  const app = await build(t, { ...(await backend.environment()), ...environment })
  const store = createDiskStore(folder)
  const sweepBatch = createSweep(app.db, app.tables, store, TTL_MS)
  const sweepAfter = async (ms: number) => {
    while (await sweepBatch(new Date(Date.now() + ms)));
  }
  const rows = () => app.db.select().from(app.tables.files)
  const claims = createClaims(app.db, app.tables, TTL_MS)
  return { app, folder, store, claims, sweepAfter, rows, ada: await logIn(app, 'ada') }
}

for (const backend of someBackends) {
  const options = { skip: backend.skip }

  t.test(
    `the bytes of a deleted file go, and go again one UPLOAD_TTL later, on ${backend.name}`,
    options,
    async (t) => {
      const { app, folder, ada, sweepAfter, rows } = await start(t, backend)
      const kept = await upload(app, ada)
      const { id } = await upload(app, ada)
      await call(app, ada, `DELETE /api/files/${id}`)
      t.equal(readdirSync(folder).length, 2)
      await sweepAfter(0)
      t.strictSame(readdirSync(folder), [`${kept.id}.1`])
      t.equal((await rows()).length, 2, 'the row stays')
      writeFileSync(join(folder, `${id}.1`), 'a late upload')
      await sweepAfter(TTL_MS / 2)
      t.equal(readdirSync(folder).length, 2, 'not before')
      await sweepAfter(TTL_MS + 1000)
      t.strictSame(readdirSync(folder), [`${kept.id}.1`])
      t.match(await rows(), [{ id: kept.id, state: 'stored' }])
      t.equal((await get(app, ada, kept.id)).statusCode, 200)
    }
  )

  t.test(`deleting a user marks all of their files in the same transaction, on ${backend.name}`, options, async (t) => {
    const { app, folder, ada, sweepAfter, rows } = await start(t, backend)
    const eve = await logIn(app, 'eve')
    const kept = await upload(app, eve)
    const { id } = await upload(app, ada)
    await create(app, ada)
    t.equal((await call(app, ada, 'DELETE /api/users/me')).statusCode, 204)
    t.equal((await rows()).filter(({ userId }) => userId === null).length, 2)
    t.equal(outcome(await get(app, eve, id)), '404 FILE_NOT_FOUND')
    await sweepAfter(0)
    t.strictSame(readdirSync(folder), [`${kept.id}.1`])
    await sweepAfter(TTL_MS + 1000)
    t.match(await rows(), [{ id: kept.id }])
  })

  t.test(`a file without content expires, on ${backend.name}`, options, async (t) => {
    const { app, ada, claims, sweepAfter, rows } = await start(t, backend)
    const { id } = await create(app, ada)
    await sweepAfter(TTL_MS - 1000)
    t.match(await rows(), [{ state: 'pending' }])
    await app.db.update(app.tables.files).set({ sweepAt: new Date(Date.now() - 1) })
    const all = async () => (await call(app, ada, 'GET /api/files')).json().files
    t.strictSame(await all(), [], 'it is not listed')
    t.equal(outcome(await put(app, ada, id, someBytes())), '410 UPLOAD_EXPIRED')
    await sweepAfter(0)
    t.match(await rows(), [{ state: 'swept' }])
    t.equal(outcome(await put(app, ada, id, someBytes())), '410 UPLOAD_EXPIRED')
    t.equal(outcome(await call(app, ada, `GET /api/files/${id}`)), '404 FILE_NOT_FOUND')
    t.equal(outcome(await call(app, ada, `DELETE /api/files/${id}`)), '404 FILE_NOT_FOUND')
    await t.rejects(claims.find(ada.user.id, id, new Date()), { code: 'UPLOAD_EXPIRED' })
    await sweepAfter(TTL_MS + 1000)
    t.strictSame(await rows(), [])
    t.equal(outcome(await put(app, ada, id, someBytes())), '404 FILE_NOT_FOUND')
  })

  t.test(`a dead upload makes way for another one, and cannot come back, on ${backend.name}`, options, async (t) => {
    const { app, folder, store, ada, claims, sweepAfter, rows } = await start(t, backend)
    const { id } = await create(app, ada)
    const now = new Date()
    const dead = await claims.claim(await claims.find(ada.user.id, id, now), now)
    writeFileSync(join(folder, `${id}.1.part`), 'a part')
    t.equal(outcome(await put(app, ada, id, someBytes())), '409 UPLOAD_IN_PROGRESS')
    t.ok(await claims.renew(dead, now))

    await app.db.update(app.tables.files).set({ claimedAt: new Date(now.getTime() - CLAIM_MS - 1) })
    const bytes = someBytes()
    t.equal((await put(app, ada, id, bytes)).statusCode, 200)
    t.notOk(await claims.renew(dead, now))
    t.notOk(await claims.release(dead))
    t.equal(await claims.store(dead, { sha256: '00', type: null }, now), null)
    await store.put(`${id}.1`, [Buffer.from('too late')] as never, { size: 8, sha256: null }).catch(() => {})
    t.ok((await get(app, ada, id)).rawPayload.equals(bytes))

    t.ok(readdirSync(folder).length > 1)
    await sweepAfter(TTL_MS + 1000)
    t.strictSame(readdirSync(folder), [`${id}.2`], 'what dead uploads left behind goes')
    t.match(await rows(), [{ state: 'stored', sweepAt: null }])
    t.ok((await get(app, ada, id)).rawPayload.equals(bytes))
  })

  t.test(`an upload that runs does not expire, on ${backend.name}`, options, async (t) => {
    const { app, ada, claims, sweepAfter, rows } = await start(t, backend)
    const { id } = await create(app, ada)
    const soon = new Date(Date.now() + TTL_MS - 10_000)
    const running = await claims.claim(await claims.find(ada.user.id, id, soon), soon)
    await sweepAfter(TTL_MS + 1000)
    t.match(await rows(), [{ state: 'uploading' }])
    t.ok(await claims.renew(running, new Date(Date.now() + TTL_MS + 10_000)))
    await sweepAfter(TTL_MS + 20_000)
    t.ok(await claims.store(running, { sha256: '00', type: null }, new Date()))
    await sweepAfter(2 * TTL_MS)
    t.match(await rows(), [{ state: 'stored' }])
  })

  t.test(`what cannot be removed now is removed later, on ${backend.name}`, options, async (t) => {
    const { app, ada, store, rows } = await start(t, backend)
    const { id } = await upload(app, ada)
    t.equal(outcome(await call(app, ada, `DELETE /api/files/${id}`)), '204')
    const broken = { ...store, remove: () => Promise.reject(new Error('the disk is gone')) }
    await t.rejects(createSweep(app.db, app.tables, broken, TTL_MS)(new Date()), /the disk is gone/)
    t.match(await rows(), [{ state: 'deleted' }])
  })
}
