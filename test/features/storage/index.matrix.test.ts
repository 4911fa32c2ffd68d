import { readdirSync } from 'node:fs'
import t, { type Test } from 'tap'
import { type Backend, backends, build, logIn, someBackends, transportsOn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { isLongRun } from '../../rows.ts'
import { askToCreate, type Created, create, get, OCTETS, outcome, put, sha256, someBytes, upload } from './calls.ts'
import { images } from './images.ts'

async function start(t: Test, backend: Backend, environment: object = {}) {
  const folder = t.testdir()
  const app = await build(t, { ...(await backend.environment()), STORAGE_URI: `file:${folder}`, ...environment })
  return { app, folder }
}

for (const backend of someBackends) {
  const options = { skip: backend.skip }

  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`

    t.test(`a user uploads a file, reads it back, and deletes it, ${on}`, options, async (t) => {
      const { app, folder } = await start(t, backend)
      const ada = await logIn(app, 'ada', transport)
      const bytes = someBytes()
      const created = await askToCreate(app, ada, { name: 'Brief – façade.txt', sha256: sha256(bytes) })
      t.equal(created.statusCode, 201)
      const { file, upload } = created.json<Created>()
      const { id } = file
      t.strictSame(Object.keys(file), ['id', 'name', 'size', 'type', 'sha256', 'state', 'createdAt'])
      t.match(file, { name: 'Brief – façade.txt', size: 1000, type: null, sha256: sha256(bytes), state: 'pending' })
      t.match(upload, { method: 'PUT', url: `/api/files/${id}/content`, expiresAt: /^\d{4}-/ })
      t.equal(outcome(await get(app, ada, id)), '404 FILE_NOT_FOUND', 'not before it is stored')

      const stored = await put(app, ada, id, bytes)
      t.equal(stored.statusCode, 200)
      t.match(stored.json(), { id, state: 'stored', sha256: sha256(bytes), type: null })
      t.strictSame(readdirSync(folder), [`${id}.1`], 'no user text is part of the key')
      const reply = await get(app, ada, id)
      t.equal(reply.statusCode, 200)
      t.ok(reply.rawPayload.equals(bytes))
      t.match(reply.headers, {
        etag: `"${sha256(bytes)}"`,
        'content-length': '1000',
        'content-type': OCTETS,
        'content-disposition': "attachment; filename*=UTF-8''Brief%20%E2%80%93%20fa%C3%A7ade.txt",
        'x-content-type-options': 'nosniff',
        'content-security-policy': /^sandbox;/,
        'cross-origin-resource-policy': 'same-site',
        'cache-control': /^private, no-cache/
      })

      t.match((await call(app, ada, `GET /api/files/${id}`)).json(), { id, state: 'stored' })
      t.match((await call(app, ada, 'GET /api/files')).json(), { files: [{ id }], nextCursor: null })
      t.equal((await call(app, ada, `DELETE /api/files/${id}`)).statusCode, 204)
      t.equal(outcome(await call(app, ada, `DELETE /api/files/${id}`)), '404 FILE_NOT_FOUND')
      t.equal(outcome(await get(app, ada, id)), '404 FILE_NOT_FOUND')
      t.match((await call(app, ada, 'GET /api/files')).json(), { files: [] })
    })
  }

  t.test(`a file of another user does not exist, on ${backend.name}`, options, async (t) => {
    const { app } = await start(t, backend)
    const ada = await logIn(app, 'ada')
    const eve = await logIn(app, 'eve')
    const { id } = await upload(app, ada)
    const pending = await create(app, ada)
    for (const other of [id, pending.id, 'x', '../../etc/passwd', `${id}.1`, '01890a5d-ac96-774b-bcce-b302099a8057']) {
      const path = `/api/files/${encodeURIComponent(other)}`
      t.equal(outcome(await call(app, eve, `GET ${path}`)), '404 FILE_NOT_FOUND')
      t.equal(outcome(await call(app, eve, `DELETE ${path}`)), '404 FILE_NOT_FOUND')
      t.equal(outcome(await get(app, eve, encodeURIComponent(other))), '404 FILE_NOT_FOUND')
      t.equal(outcome(await put(app, eve, encodeURIComponent(other), someBytes())), '404 FILE_NOT_FOUND')
    }
    t.match((await call(app, eve, 'GET /api/files')).json(), { files: [] })
    t.equal((await get(app, ada, id)).statusCode, 200)
    t.equal((await put(app, ada, pending.id, someBytes())).statusCode, 200)
    const nobody = { headers: {} }
    t.equal((await get(app, nobody, id)).statusCode, 401)
    t.equal((await put(app, nobody, pending.id, someBytes())).statusCode, 401)
    t.equal((await call(app, nobody, 'POST /api/files')).statusCode, 401)
  })

  t.test(`ASVS 5.2.1: what an upload must be, on ${backend.name}`, options, async (t) => {
    const { app, folder } = await start(t, backend, { STORAGE_MAX_FILE: '2000' })
    const ada = await logIn(app, 'ada')
    t.equal(outcome(await askToCreate(app, ada, { size: 2001 })), '413 FILE_TOO_LARGE')
    t.equal(outcome(await askToCreate(app, ada, { size: -1 })), '400 VALIDATION_FAILED')
    t.equal(outcome(await askToCreate(app, ada, { size: 1.5 })), '400 VALIDATION_FAILED')
    t.equal(outcome(await askToCreate(app, ada, { sha256: 'A'.repeat(64) })), '400 VALIDATION_FAILED')
    t.equal(outcome(await askToCreate(app, ada, { size: '1000' })), '400 VALIDATION_FAILED')

    const bytes = someBytes()
    const { id } = await create(app, ada, { sha256: sha256(bytes) })
    t.equal(outcome(await put(app, ada, id, someBytes())), '422 CHECKSUM_MISMATCH')
    t.equal(outcome(await put(app, ada, id, someBytes(999))), '422 SIZE_MISMATCH')
    t.equal(outcome(await put(app, ada, id, someBytes(1001))), '422 SIZE_MISMATCH')
    t.equal(outcome(await put(app, ada, id, someBytes(0))), '422 SIZE_MISMATCH')
    for (const type of ['text/plain', 'application/json', 'multipart/form-data; boundary=x', 'image/png', ''])
      t.equal(outcome(await put(app, ada, id, bytes, { 'content-type': type })), '415 UNSUPPORTED_MEDIA_TYPE', type)
    t.equal(
      outcome(await put(app, ada, id, bytes, { 'content-encoding': 'gzip' })),
      '415 UNSUPPORTED_MEDIA_TYPE',
      'compressed'
    )
    t.strictSame(readdirSync(folder), [], 'nothing is left of what was refused')
    t.match((await call(app, ada, `GET /api/files/${id}`)).json(), { state: 'pending' })
    t.equal((await put(app, ada, id, bytes)).statusCode, 200, 'and a new try may succeed')
    t.equal(outcome(await put(app, ada, id, bytes)), '409 FILE_ALREADY_STORED')
    t.ok((await get(app, ada, id)).rawPayload.equals(bytes))

    const empty = await create(app, ada, { size: 0 })
    t.equal((await put(app, ada, empty.id, Buffer.alloc(0))).statusCode, 200, 'an empty file is a file')
    t.equal((await get(app, ada, empty.id)).rawPayload.length, 0)
  })

  t.test(
    `ASVS 5.2.4: the quota counts declared sizes, also of twenty requests at once, on ${backend.name}`,
    options,
    async (t) => {
      const { app } = await start(t, backend, { STORAGE_QUOTA: '5000' })
      const ada = await logIn(app, 'ada')
      const eve = await logIn(app, 'eve')
      const replies = await Promise.all(Array.from({ length: 20 }, () => askToCreate(app, ada, {})))
      // On a busy machine the last ones in the queue for the lock run out of time.
      const expected = ['201', '409 QUOTA_EXCEEDED', '503 SERVICE_UNAVAILABLE']
      t.ok(replies.every((reply) => expected.includes(outcome(reply))))
      let created = replies.filter(({ statusCode }) => statusCode === 201).length
      for (; created < 5; created++) t.equal((await askToCreate(app, ada, {})).statusCode, 201)
      t.equal(created, 5)
      t.equal(outcome(await askToCreate(app, ada, {})), '409 QUOTA_EXCEEDED')
      t.equal((await askToCreate(app, eve, { size: 5000 })).statusCode, 201, 'it is per user')
      const [first] = (await call(app, ada, 'GET /api/files')).json().files
      await call(app, ada, `DELETE /api/files/${first.id}`)
      t.equal((await askToCreate(app, ada, {})).statusCode, 201, 'what is deleted counts no longer')
      t.equal(outcome(await askToCreate(app, ada, { size: 1 })), '409 QUOTA_EXCEEDED')
      t.equal((await askToCreate(app, ada, { size: 0 })).statusCode, 201)
    }
  )

  t.test(`files come in pages, newest first, on ${backend.name}`, options, async (t) => {
    const { app } = await start(t, backend)
    const ada = await logIn(app, 'ada')
    for (let i = 0; i < 5; i++) await create(app, ada, { name: `${i}` })
    const names: string[] = []
    let cursor = ''
    do {
      const page = (await call(app, ada, `GET /api/files?limit=2${cursor && `&cursor=${cursor}`}`)).json()
      names.push(...page.files.map(({ name }: { name: string }) => name))
      cursor = page.nextCursor
    } while (cursor)
    t.strictSame(names, ['4', '3', '2', '1', '0'])
    t.equal(outcome(await call(app, ada, 'GET /api/files?cursor=x')), '400 VALIDATION_FAILED')
  })

  // The rest hardly depends on the database.
  if (!isLongRun && backend !== backends[0]) continue

  t.test(`ASVS 5.3.2, 5.4.1, 5.4.2: names are only shown, on ${backend.name}`, options, async (t) => {
    const { app, folder } = await start(t, backend)
    const ada = await logIn(app, 'ada')
    const shown = [
      '../../x',
      '/etc/passwd',
      'C:\\x',
      '.',
      '..',
      'שלום.txt',
      `a"b';c*d(e).txt`,
      'a%2f..%2fb',
      '😀.png',
      '<b>'
    ]
    for (const name of shown) {
      const { id } = await upload(app, ada, someBytes(3), name)
      t.equal((await call(app, ada, `GET /api/files/${id}`)).json().name, name)
      const { headers } = await get(app, ada, id)
      const [, encoded = ''] =
        /^attachment; filename\*=UTF-8''([\w.%~!$&+^`|#-]+)$/.exec(`${headers['content-disposition']}`) ?? []
      t.equal(decodeURIComponent(encoded), name)
    }
    t.equal(readdirSync(folder).length, shown.length)
    const refused = [
      '',
      'a\r\nSet-Cookie: x=1',
      'a\0b',
      'a\tb',
      'photo\u202egpj.exe',
      'a\u2066b',
      'x'.repeat(4096),
      '\u0085'
    ]
    for (const name of refused)
      t.equal(outcome(await askToCreate(app, ada, { name })), '400 VALIDATION_FAILED', JSON.stringify(name))
  })

  t.test(
    `ASVS 5.2.2, 5.3.1, 3.2.1: only images are shown in a page, by their own bytes, on ${backend.name}`,
    options,
    async (t) => {
      const { app } = await start(t, backend)
      const ada = await logIn(app, 'ada')
      for (const [type, bytes] of Object.entries(images)) {
        const { id } = await upload(app, ada, bytes, 'page.html')
        const { headers } = await get(app, ada, id)
        t.match(headers, {
          'content-type': type,
          'content-disposition': /^inline; /,
          'x-content-type-options': 'nosniff'
        })
      }
      const pages = {
        'page.html': '<!doctype html><script>alert(1)</script>',
        'picture.svg': '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        'picture.png': '<html><script>alert(1)</script>',
        'paper.pdf': '%PDF-1.7',
        'almost.png': '\x89PNG',
        'movie.mp4': '\0\0\0\x20ftypisom',
        'sound.wav': 'RIFF\0\0\0\0WAVE'
      }
      for (const [name, text] of Object.entries(pages)) {
        const { id, type } = await upload(app, ada, Buffer.from(text, 'latin1'), name)
        t.equal(type, null, name)
        const { headers } = await get(app, ada, id)
        t.match(headers, {
          'content-type': OCTETS,
          'content-disposition': /^attachment; /,
          'content-security-policy': /sandbox/
        })
      }
      const polyglot = Buffer.from('GIF89a/*<svg onload=alert(1)>*/=1;<script>alert(1)</script>')
      const { id } = await upload(app, ada, polyglot, 'x.html')
      t.match((await get(app, ada, id)).headers, { 'content-type': 'image/gif', 'x-content-type-options': 'nosniff' })
    }
  )

  t.test(`ranges and conditions, on ${backend.name}`, options, async (t) => {
    const { app } = await start(t, backend)
    const ada = await logIn(app, 'ada')
    const bytes = someBytes()
    const { id } = await upload(app, ada, bytes)
    const etag = `"${sha256(bytes)}"`
    const ranged: [range: string, start: number, end: number][] = [
      ['bytes=0-0', 0, 0],
      ['bytes=0-', 0, 999],
      ['bytes=999-', 999, 999],
      ['bytes=10-19', 10, 19],
      ['bytes=10-5000', 10, 999],
      ['bytes=-1', 999, 999],
      ['bytes=-5000', 0, 999]
    ]
    for (const [range, first, last] of ranged) {
      const reply = await get(app, ada, id, { range })
      t.equal(reply.statusCode, 206, range)
      t.match(reply.headers, {
        'content-range': `bytes ${first}-${last}/1000`,
        'content-length': `${last - first + 1}`
      })
      t.ok(reply.rawPayload.equals(bytes.subarray(first, last + 1)), range)
    }
    for (const range of ['bytes=1000-', 'bytes=1000-2000', 'bytes=-0', 'bytes=99999999999-']) {
      const reply = await get(app, ada, id, { range })
      t.equal(outcome(reply), '416 RANGE_NOT_SATISFIABLE', range)
      t.equal(reply.headers['content-range'], 'bytes */1000')
      t.equal(reply.headers['content-disposition'], undefined)
    }
    for (const range of [
      'bytes=5-2',
      'bytes=-',
      'bytes=a-b',
      'items=0-1',
      'bytes=0-1,5-6',
      'bytes=0x1-2',
      'bytes=1.5-2',
      'bytes = 0-1'
    ])
      t.equal((await get(app, ada, id, { range })).statusCode, 200, `${range} is ignored`)

    for (const header of [etag, `W/${etag}`, '*', `"x", ${etag}`]) {
      const reply = await get(app, ada, id, { 'if-none-match': header, range: 'bytes=0-1' })
      t.equal(reply.statusCode, 304, header)
      t.match(reply.headers, { etag, 'cache-control': /private/ })
      t.equal(reply.body, '')
    }
    t.equal((await get(app, ada, id, { 'if-none-match': '"x"' })).statusCode, 200)
    t.equal((await get(app, ada, id, { 'if-range': etag, range: 'bytes=0-1' })).statusCode, 206)
    for (const header of ['"x"', `W/${etag}`, 'Sat, 01 Jan 2050 00:00:00 GMT'])
      t.equal((await get(app, ada, id, { 'if-range': header, range: 'bytes=0-1' })).statusCode, 200, header)

    const head = await get(app, ada, id, { range: 'bytes=0-1' }, 'HEAD')
    t.equal(head.statusCode, 200)
    t.match(head.headers, { etag, 'content-length': '1000', 'accept-ranges': 'bytes' })
    t.equal(head.body, '')
    for (const encoding of ['gzip', 'br', 'gzip, deflate, br, zstd']) {
      const reply = await get(app, ada, id, { 'accept-encoding': encoding })
      t.equal(reply.headers['content-encoding'], undefined, 'never compressed')
      t.ok(reply.rawPayload.equals(bytes))
    }
  })

  t.test(`a form or a page of another origin uploads nothing, on ${backend.name}`, options, async (t) => {
    const { app } = await start(t, backend)
    const ada = await logIn(app, 'ada')
    const { id } = await create(app, ada)
    for (const origin of ['https://evil.test', 'null']) {
      const headers = { ...ada.headers, origin, 'sec-fetch-site': 'cross-site' }
      t.equal(outcome(await put(app, { headers }, id, someBytes())), '403 CROSS_ORIGIN_REQUEST')
      for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded']) {
        const payload = 'name=a&size=1'
        const sent = { ...headers, 'content-type': type }
        t.equal((await app.inject({ method: 'POST', url: '/api/files', headers: sent, payload })).statusCode, 403)
      }
    }
    t.equal((await put(app, ada, id, someBytes())).statusCode, 200)
  })
}

t.test('a page on another site may show images if cookies are for it', async (t) => {
  const app = await build(t, { STORAGE_URI: `file:${t.testdir()}`, COOKIE_SAME_SITE: 'none' })
  const ada = await logIn(app, 'ada')
  const { id } = await upload(app, ada)
  t.equal((await get(app, ada, id)).headers['cross-origin-resource-policy'], 'cross-origin')
})
