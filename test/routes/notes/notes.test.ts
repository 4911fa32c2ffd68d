import { randomUUIDv7 } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { backends, build, logIn, transports } from '../../build.ts'
import { hostile } from '../../plugins/identity/auth/hostile.ts'

type Headers = Record<string, string>
const KEYS = ['createdAt', 'dueAt', 'id', 'isDone', 'text', 'title', 'updatedAt']

const write = (app: FastifyInstance, headers: Headers, payload: object) =>
  app.inject({ method: 'POST', url: '/api/notes', headers, payload })

for (const backend of backends) {
  t.test(`notes on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, await backend.environment())
    const ada = await logIn(app, 'ada')
    const eve = await logIn(app, 'eve', transports.at(-1))

    t.test('are created, read, changed, and deleted by their owner', async (t) => {
      const created = await write(app, ada.headers, { title: 'Groceries', text: 'Milk' })
      t.equal(created.statusCode, 201)
      const note = created.json()
      t.strictSame(Object.keys(note).sort(), KEYS)
      t.match(note, { title: 'Groceries', text: 'Milk', dueAt: null, isDone: false })
      const url = `/api/notes/${note.id}`

      const read = await app.inject({ method: 'GET', url, headers: ada.headers })
      t.equal(read.statusCode, 200)
      t.strictSame(read.json(), note)

      const changed = await app.inject({ method: 'PATCH', url, headers: ada.headers, payload: { text: '' } })
      t.equal(changed.statusCode, 200)
      t.match(changed.json(), { id: note.id, title: 'Groceries', text: '', createdAt: note.createdAt })
      t.ok(changed.json().updatedAt >= note.updatedAt)

      const deleted = await app.inject({ method: 'DELETE', url, headers: ada.headers })
      t.equal(deleted.statusCode, 204)
      t.equal(deleted.body, '')
      for (const method of ['GET', 'DELETE'] as const) {
        const gone = await app.inject({ method, url, headers: ada.headers })
        t.equal(`${gone.statusCode} ${gone.json().code}`, '404 NOTE_NOT_FOUND', method)
      }
    })

    t.test('store a due time in UTC and a flag, and clear the time with null', async (t) => {
      const payload = { title: 'a', text: '', dueAt: '2026-03-01T12:00:00.5+02:00', isDone: true }
      const note = (await write(app, ada.headers, payload)).json()
      t.match(note, { dueAt: '2026-03-01T10:00:00.500Z', isDone: true })
      const url = `/api/notes/${note.id}`
      t.strictSame((await app.inject({ method: 'GET', url, headers: ada.headers })).json(), note)
      for (const changes of [{ dueAt: '2027-01-01T00:00:00Z' }, { isDone: false }, { dueAt: null }]) {
        const changed = await app.inject({ method: 'PATCH', url, headers: ada.headers, payload: changes })
        t.equal(changed.statusCode, 200)
        t.match(changed.json(), 'dueAt' in changes ? { dueAt: changes.dueAt && '2027-01-01T00:00:00.000Z' } : changes)
      }
    })

    t.test('of another user are not found, and do not change', async (t) => {
      const note = (await write(app, ada.headers, { title: 'Mine', text: 'secret' })).json()
      const url = `/api/notes/${note.id}`
      for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
        const payload = method === 'PATCH' ? { title: 'Yours' } : undefined
        const reply = await app.inject({ method, url, headers: eve.headers, ...(payload && { payload }) })
        t.equal(`${reply.statusCode} ${reply.json().code}`, '404 NOTE_NOT_FOUND', method)
      }
      const list = await app.inject({ method: 'GET', url: '/api/notes', headers: eve.headers })
      t.strictSame(list.json(), { notes: [], nextCursor: null })
      const read = await app.inject({ method: 'GET', url, headers: ada.headers })
      t.strictSame(read.json(), note)
    })

    t.test('with an invalid id are not found', async (t) => {
      const ids = ['x', '1', 'null', randomUUIDv7(), randomUUIDv7().toUpperCase(), `urn:uuid:${randomUUIDv7()}`, '%00']
      ids.push(
        "'%20or%20'1'='1",
        `{${randomUUIDv7()}}`,
        randomUUIDv7().replaceAll('-', ''),
        'a'.repeat(99),
        '%27;%20drop'
      )
      for (const id of ids) {
        for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
          const payload = method === 'PATCH' ? { title: 'a' } : undefined
          const call = { method, url: `/api/notes/${id}`, headers: ada.headers, ...(payload && { payload }) }
          const reply = await app.inject(call)
          t.equal(`${reply.statusCode} ${reply.json().code}`, '404 NOTE_NOT_FOUND', `${method} ${id}`)
        }
      }
    })

    t.test(
      'are listed newest first, page by page, none missing or repeated while others are added and deleted',
      async (t) => {
        const { headers } = await logIn(app, 'lister')
        const ids: string[] = []
        for (let i = 0; i < 7; i++) ids.push((await write(app, headers, { title: `note ${i}`, text: '' })).json().id)

        const seen: string[] = []
        let cursor: string | null = ''
        for (let page = 0; cursor !== null && page < 9; page++) {
          const url: string = `/api/notes?limit=3${cursor && `&cursor=${cursor}`}`
          const reply = await app.inject({ method: 'GET', url, headers })
          t.equal(reply.statusCode, 200)
          t.strictSame(Object.keys(reply.json()).sort(), ['nextCursor', 'notes'])
          t.ok(reply.json().notes.length <= 3)
          seen.push(...reply.json().notes.map((note: { id: string }) => note.id))
          cursor = reply.json().nextCursor
          // Between two pages, a note is created and the last note of the page is deleted.
          await write(app, headers, { title: 'new', text: '' })
          await app.inject({ method: 'DELETE', url: `/api/notes/${seen.at(-1)}`, headers })
        }
        // Notes of the same millisecond may come in any order.
        t.strictSame(seen, ids.sort().reverse())
        const all = await app.inject({ method: 'GET', url: '/api/notes', headers })
        t.equal(all.json().notes.length, 7)
        t.equal(all.json().nextCursor, null)
        const exact = await app.inject({ method: 'GET', url: '/api/notes?limit=7', headers })
        t.equal(exact.json().nextCursor, null, 'a full last page is the last')
      }
    )

    t.test('are listed only for a query in the documented form', async (t) => {
      const id = randomUUIDv7()
      const queries = [
        'limit=0',
        'limit=101',
        'limit=-1',
        'limit=x',
        'limit=1.5',
        'limit=1e400',
        'limit=',
        'limit=1&limit=2'
      ]
      queries.push(
        'cursor=x',
        'cursor=',
        `cursor=${id}&cursor=${id}`,
        `cursor=urn:uuid:${id}`,
        `cursor=${id.toUpperCase()}`
      )
      queries.push(
        `cursor=${id}x`,
        `cursor={${id}}`,
        'cursor=%00',
        `cursor=${id}%0a`,
        'page=2',
        'userId=x',
        '__proto__=x'
      )
      for (const query of queries) {
        const reply = await app.inject({ method: 'GET', url: `/api/notes?${query}`, headers: ada.headers })
        t.equal(`${reply.statusCode} ${reply.json().code}`, '400 VALIDATION_FAILED', query)
      }
      for (const query of ['', 'limit=1', 'limit=100', `cursor=${id}`]) {
        const reply = await app.inject({ method: 'GET', url: `/api/notes?${query}`, headers: ada.headers })
        t.equal(reply.statusCode, 200, query)
      }
    })

    t.test('accept only bodies in the documented form', async (t) => {
      const note = (await write(app, ada.headers, { title: 'a', text: 'b' })).json()
      const url = `/api/notes/${note.id}`
      const bad: [object, string][] = [
        [{ title: 'a' }, '/text'],
        [{ text: 'a' }, '/title'],
        [{ title: '', text: 'a' }, '/title'],
        [{ title: 'a'.repeat(201), text: 'a' }, '/title'],
        [{ title: 'a', text: 'a'.repeat(10_001) }, '/text'],
        [{ title: 5, text: 'a' }, '/title'],
        [{ title: null, text: 'a' }, '/title'],
        [{ title: 'a', text: ['a'] }, '/text'],
        [{ title: 'a', text: 'a', dueAt: '2026-02-30T12:00:00Z' }, '/dueAt'],
        [{ title: 'a', text: 'a', dueAt: '2026-03-01' }, '/dueAt'],
        [{ title: 'a', text: 'a', dueAt: 1772366400000 }, '/dueAt'],
        [{ title: 'a', text: 'a', isDone: 'true' }, '/isDone'],
        [{ title: 'a', text: 'a', userId: eve.user.id }, '/userId'],
        [{ title: 'a', text: 'a', id: note.id }, '/id']
      ]
      for (const [payload, pointer] of bad) {
        const reply = await write(app, ada.headers, payload)
        t.equal(`${reply.statusCode} ${reply.json().code}`, '400 VALIDATION_FAILED')
        t.equal(reply.json().errors[0].pointer, pointer)
        // A change may omit members.
        if (Object.keys(payload).length === 1) continue
        const patch = await app.inject({ method: 'PATCH', url, headers: ada.headers, payload })
        t.equal(`${patch.statusCode} ${patch.json().code}`, '400 VALIDATION_FAILED')
      }
      const empty = await app.inject({ method: 'PATCH', url, headers: ada.headers, payload: {} })
      t.equal(`${empty.statusCode} ${empty.json().code}`, '400 VALIDATION_FAILED')
      t.strictSame((await app.inject({ method: 'GET', url, headers: ada.headers })).json(), note, 'unchanged')
    })

    t.test('store hostile text as it was sent, or reject it', async (t) => {
      for (const [what, text] of Object.entries(hostile)) {
        const isFine = !text.includes('\0') && text.isWellFormed()
        const created = await write(app, ada.headers, { title: 'a', text })
        t.equal(created.statusCode, isFine ? 201 : 400, what)
        if (!isFine) {
          t.strictSame(created.json().errors[0].pointer, '/text', what)
          continue
        }
        const url = `/api/notes/${created.json().id}`
        t.equal((await app.inject({ method: 'GET', url, headers: ada.headers })).json().text, text, what)
        const title = [...text].slice(0, 200).join('')
        const changed = await app.inject({ method: 'PATCH', url, headers: ada.headers, payload: { title } })
        t.equal(changed.json().title, title, what)
      }
    })

    t.test('are only for users who are logged in', async (t) => {
      for (const [method, url] of [
        ['GET', '/api/notes'],
        ['POST', '/api/notes'],
        ['GET', `/api/notes/${randomUUIDv7()}`],
        ['PATCH', `/api/notes/${randomUUIDv7()}`],
        ['DELETE', `/api/notes/${randomUUIDv7()}`]
      ] as const) {
        const reply = await app.inject({ method, url })
        t.equal(`${reply.statusCode} ${reply.json().code}`, '401 UNAUTHENTICATED', `${method} ${url}`)
      }
    })

    t.test('are deleted with their owner, who cannot create any more', async (t) => {
      const gone = await logIn(app, 'gone')
      const { users, notes } = app.tables
      await write(app, gone.headers, { title: 'a', text: '' })
      await app.db.delete(users).where(eq(users.id, gone.user.id))
      t.strictSame(await app.db.select().from(notes).where(eq(notes.userId, gone.user.id)), [])
      const reply = await write(app, gone.headers, { title: 'b', text: '' })
      t.equal(`${reply.statusCode} ${reply.json().code}`, '401 UNAUTHENTICATED')
      t.strictSame(await app.db.select().from(notes).where(eq(notes.userId, gone.user.id)), [])
    })
  })
}
