import { resolveObjectURL } from 'node:buffer'
import t from 'tap'
import { transports } from '../build.ts'
import { sha256, someBytes } from '../features/storage/calls.ts'
import { images } from '../features/storage/images.ts'
import { ADA, open, problem, REFRESH } from './browser.ts'

const bytesOf = async (blob: Blob) => Buffer.from(await blob.arrayBuffer())

for (const { kind } of transports) {
  t.test(`a file is uploaded, listed, read, and removed, and an image becomes the picture (${kind})`, async (t) => {
    const { openTab, intercept, count, send } = await open(t, { STORAGE_URI: `file:${t.testdir()}` })
    const tab = openTab(kind)
    const { id: userId } = await tab.login(ADA)
    const bytes = someBytes(300_000)
    const shares: number[] = []
    const file = new File([bytes], 'holiday.bin')
    const stored = await tab.files.upload(file, { onProgress: (share) => shares.push(share) })
    t.match(stored, { name: 'holiday.bin', size: 300_000, state: 'stored', sha256: sha256(bytes) })
    t.strictSame(shares, [1])
    t.strictSame(await tab.files.list(), { files: [stored], nextCursor: null })
    t.strictSame(await tab.files.get(stored.id), stored)
    t.ok((await bytesOf(await tab.files.read(stored.id))).equals(bytes))

    const url = await tab.files.url(stored.id)
    const shown = kind === 'cookie' ? (await send(url, { credentials: 'include' })).blob() : resolveObjectURL(url)
    t.ok((await bytesOf((await shown) as Blob)).equals(bytes))
    URL.revokeObjectURL(url)

    const empty = await tab.files.upload(new Blob([]), { name: 'nothing' })
    t.equal((await tab.files.read(empty.id)).size, 0)

    const picture = images['image/png']
    t.equal(await tab.avatars.read(userId), null)
    const image = await tab.files.upload(new File([picture], 'me.png'))
    await tab.avatars.set(image.id)
    const seen = await tab.avatars.read(userId)
    t.equal(seen?.type, 'image/png')
    t.ok((await bytesOf(seen as Blob)).equals(picture))
    await t.rejects(tab.avatars.set(stored.id), { code: 'NOT_AN_IMAGE' })
    await tab.avatars.remove()
    t.equal(await tab.avatars.read(userId), null)

    let refusals = kind === 'token' ? 1 : 0
    const refreshes = count(REFRESH)
    intercept(({ method, url }) =>
      method === 'PUT' && url.endsWith('/content') && refusals-- > 0 ? problem(401, 'TOKEN_EXPIRED') : null
    )
    await tab.files.upload(file)
    t.equal(count(REFRESH) - refreshes, kind === 'token' ? 1 : 0, 'an expired token is refreshed')

    for (const { id } of (await tab.files.list()).files) await tab.files.remove(id)
    t.strictSame(await tab.files.list(), { files: [], nextCursor: null })
    await t.rejects(tab.files.read(stored.id), { code: 'FILE_NOT_FOUND' })
  })

  t.test(`an upload that fails or is canceled leaves nothing behind (${kind})`, async (t) => {
    const settings = { STORAGE_URI: `file:${t.testdir()}`, STORAGE_MAX_FILE: '1MiB', STORAGE_QUOTA: '1MiB' }
    const { openTab, intercept, count } = await open(t, settings)
    const tab = openTab(kind)
    await tab.login(ADA)
    const file = new File([someBytes(600_000)], 'half.bin')
    await t.rejects(tab.files.upload(new Blob([someBytes(1_100_000)])), { code: 'FILE_TOO_LARGE' })

    const canceling = new AbortController()
    intercept((request) => {
      if (request.method === 'PUT') canceling.abort(new Error('canceled'))
      return null
    })
    await t.rejects(tab.files.upload(file, { signal: canceling.signal }), { message: 'canceled' })
    t.strictSame(await tab.files.list(), { files: [], nextCursor: null })

    intercept(({ method }) => (method === 'PUT' ? Promise.reject(new TypeError('fetch failed')) : null))
    await t.rejects(tab.files.upload(file), TypeError)
    t.equal(count('POST /api/files'), 3)
    intercept(({ method }) => (method === 'PUT' ? problem(503, 'STORAGE_UNAVAILABLE') : null))
    await t.rejects(tab.files.upload(file), { code: 'STORAGE_UNAVAILABLE' })
    intercept(() => null)
    t.match(await tab.files.upload(file), { state: 'stored' }, 'a new try has the whole quota')
    await t.rejects(tab.files.upload(file), { code: 'QUOTA_EXCEEDED' })
  })
}
