import t from 'tap'
import { createLimits } from '../../../src/features/recovery/limits.ts'
import { backends, build, logIn, signUp } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { buildWithMail } from './mails.ts'

const ASK = { method: 'POST', url: '/api/auth/password-reset' } as const
const TRUST_PROXY = '127.0.0.1'
const from = (ip: string) => ({ 'x-forwarded-for': ip })

for (const backend of backends) {
  t.test(
    `ASVS 6.4.3, 2.4.1: strangers cannot flood a mailbox, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const { app, mails } = await buildWithMail(t, { ...(await backend.environment()), TRUST_PROXY })
      await signUp(app, 'ada')
      const codes = async () => (await mails()).filter(({ subject }) => /reset/.test(subject)).length
      const email = 'ada@example.com'
      const replies = []
      for (let i = 0; i < 30; i++)
        replies.push(await app.inject({ ...ASK, headers: from(`203.0.113.${i}`), payload: { email } }))
      t.same(new Set(replies.map(({ statusCode }) => statusCode)), new Set([202]))
      t.equal(await codes(), 3)

      // From where the user logged in before, there is a budget of its own.
      const login = {
        usernameOrEmail: 'ada',
        password: 'a long first password',
        authType: app.strategies.keys().next().value
      }
      await app.inject({ method: 'POST', url: '/api/auth/login', headers: from('198.51.100.7'), payload: login })
      for (let i = 0; i < 5; i++) await app.inject({ ...ASK, headers: from('198.51.100.7'), payload: { email } })
      t.equal(await codes(), 6)
    }
  )

  t.test(
    `one client asks for 20 codes an hour, whoever they are for, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const { app } = await buildWithMail(t, await backend.environment())
      const ada = await logIn(app, 'ada')
      for (let i = 0; i < 20; i++)
        t.equal((await app.inject({ ...ASK, payload: { email: `user${i}@example.com` } })).statusCode, 202)
      for (const reply of [
        await app.inject({ ...ASK, payload: { email: 'ada@example.com' } }),
        await call(app, ada, 'POST /api/auth/email-verification'),
        await call(app, ada, 'POST /api/users/me/email', { email: 'new@example.com' })
      ]) {
        t.match(reply.json(), { status: 429, code: 'TOO_MANY_MAILS' })
        t.ok(Number(reply.headers['retry-after']) > 3000)
      }
    }
  )

  t.test(
    `counts start anew when they expire, and old ones are deleted, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, await backend.environment())
      const limits = createLimits(app.db, app.tables, app.transaction)
      const start = new Date('2026-03-01T12:00:00.000Z')
      const after = (minutes: number) => new Date(start.getTime() + minutes * 60_000)
      const may = (now: Date) => limits.mayMailCode({ key: 'ada', budget: 'known' }, now)
      const asked = []
      for (const minute of [0, 1, 2, 3, 59, 61, 62]) asked.push(await may(after(minute)))
      t.same(asked, [true, true, true, false, false, true, true])
      // Ten a day, of which seven are counted.
      const later = []
      for (const minute of [200, 300, 400, 500, 1441]) later.push(await may(after(minute)))
      t.same(later, [true, true, true, false, true])
      const concurrent = await Promise.all(
        Array.from({ length: 10 }, () => limits.mayMailCode({ key: 'eve', budget: 'known' }, start))
      )
      t.equal(concurrent.filter(Boolean).length, 3)
      t.ok((await app.db.$count(app.tables.mailCounts)) > 0)
      t.equal(await limits.deleteExpired(after(10_000)), false)
      t.equal(await app.db.$count(app.tables.mailCounts), 0)
    }
  )
}

t.test('made-up addresses fill no table', async (t) => {
  const { app } = await buildWithMail(t, { TRUST_PROXY })
  for (let i = 0; i < 60; i++)
    await app.inject({ ...ASK, headers: from(`203.0.113.${i % 4}`), payload: { email: `user${i}@example.com` } })
  const keys = (await app.db.select().from(app.tables.mailCounts)).map(({ key }) => key)
  t.ok(keys.filter((key) => !key.startsWith('client:')).every((key) => /^unknown-..:strangers:(hour|day)$/.test(key)))
})
