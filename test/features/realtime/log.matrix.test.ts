import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { asc, eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { build, databases, logIn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { addressOf, notify, openStream } from './client.ts'

const seqsOf = async ({ db, tables: { messages } }: FastifyInstance) =>
  (await db.select({ seq: messages.seq }).from(messages).orderBy(asc(messages.seq))).map(({ seq }) => seq)
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

for (const database of databases) {
  t.test(`a message is sent if and only if its transaction commits, on ${database.name}`, async (t) => {
    const app = await build(t, { DB_URI: await database.uri() })
    const { sessions, users } = app.tables
    const ada = await logIn(app, 'ada')
    const stream = await openStream(await addressOf(app), ada.headers)
    await stream.wait('ready')
    const nobody = '01890a5d-ac96-774b-bcce-b302099a8057'

    const failed = app.transaction({
      preconditions: app.notify(ada.user.id, { type: 'rolled back' }),
      steps: {
        fails: (tx) =>
          tx
            .insert(users)
            .values({ ...ada.user, id: nobody } as never)
            .returning()
      }
    })
    await t.rejects(failed)
    const refused = await app.transaction({
      preconditions: {
        ...app.notify(ada.user.id, { type: 'refused' }),
        nobody: (tx) => tx.select().from(users).where(eq(users.id, nobody))
      }
    })
    t.equal(refused, null)
    await app.transaction({ steps: app.notify(nobody, { type: 'to nobody' }) })

    await app.transaction({
      steps: {
        ...app.notify(ada.user.id, { type: 'one' }),
        between: (tx) => tx.select().from(sessions),
        ...app.notify(ada.user.id, { type: 'two', data: 'line\nbreak\u2028' })
      }
    })
    await stream.wait('message', 2)
    t.strictSame(await seqsOf(app), [1, 2])
    t.match(stream.of('message'), [
      { id: '1', data: { type: 'one', data: null } },
      { id: '2', data: { type: 'two', data: 'line\nbreak\u2028' } }
    ])
    t.throws(() => app.notify(ada.user.id, { type: 'large', data: 'x'.repeat(8192) }), RangeError)
    t.throws(() => app.notify(ada.user.id, { type: '' }), RangeError)
  })

  t.test(
    `concurrent messages have no gap, and every stream gets each once, in order, on ${database.name}`,
    async (t) => {
      const app = await build(t, { DB_URI: await database.uri() })
      const ada = await logIn(app, 'ada')
      const url = await addressOf(app)
      const streams = [await openStream(url, ada.headers), await openStream(url, ada.headers)]
      await Promise.all(numbers(4).map(() => notify(app, ada.user.id, ...numbers(6).map(String))))
      streams.push(await openStream(url, ada.headers, '?after=0'))
      for (const stream of streams) {
        await stream.wait('message', 24)
        t.strictSame(stream.seqs(), numbers(24))
      }
    }
  )

  t.test(
    `ASVS 7.4.1: a message that was committed after the end of a session does not reach it, on ${database.name}`,
    async (t) => {
      const app = await build(t, { DB_URI: await database.uri() })
      const { db, tables } = app
      const ada = await logIn(app, 'ada')
      const stream = await openStream(await addressOf(app), ada.headers)
      await stream.wait('ready')
      // As another replica does it: nobody tells this one.
      await db.update(tables.sessions).set({ revokedAt: new Date(), revokedReason: 'logout' })
      await notify(app, ada.user.id, 'secret')
      t.equal(await stream.ended(), 'SESSION_ENDED')
      t.strictSame(stream.seqs(), [])
    }
  )

  t.test(`deleting a user deletes the notifications, on ${database.name}`, async (t) => {
    const app = await build(t, { DB_URI: await database.uri() })
    const [ada, ben] = [await logIn(app, 'ada'), await logIn(app, 'ben')]
    await notify(app, ada.user.id, 'one')
    await notify(app, ben.user.id, 'one', 'two')
    const stream = await openStream(await addressOf(app), ada.headers)
    await stream.wait('ready')
    t.equal((await call(app, ada, 'DELETE /api/users/me')).statusCode, 204)
    t.equal(await stream.ended(), 'SESSION_ENDED')
    t.strictSame(await seqsOf(app), [1, 2])
    t.match(await app.db.select().from(app.tables.channels), [{ userId: ben.user.id }])
  })

  t.test(
    `old messages are deleted in batches, and a client that missed them is told, on ${database.name}`,
    async (t) => {
      const app = await build(t, { DB_URI: await database.uri() })
      const { createMessageCleanup } = await import('../../../src/features/realtime/cleanup.ts')
      const deleteExpired = createMessageCleanup(app.tables, app.transaction)
      const [ada, ben] = [await logIn(app, 'ada'), await logIn(app, 'ben')]
      await notify(app, ada.user.id, 'one', 'two')
      await notify(app, ben.user.id, 'one')
      const old = { createdAt: new Date(Date.now() - 3600_000) }
      await app.db.update(app.tables.messages).set(old)
      await notify(app, ada.user.id, 'three')
      const cutoff = new Date(Date.now() - 1800_000)
      t.equal(await deleteExpired(cutoff), false)
      t.strictSame(await seqsOf(app), [3])
      t.same(
        (await app.db.select().from(app.tables.channels).orderBy(asc(app.tables.channels.lastSeq))).map(
          ({ firstSeq, lastSeq }) => [firstSeq, lastSeq]
        ),
        [
          [2, 1],
          [3, 3]
        ]
      )
      const stream = await openStream(await addressOf(app), ada.headers, '?after=1')
      t.match(await stream.wait('reset'), { data: { seq: 3 } })
      const none = await openStream(await addressOf(app), ben.headers, '?after=1')
      await none.wait('ready')
      t.strictSame(none.of('reset'), [])
    }
  )
}
