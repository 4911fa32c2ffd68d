import t from 'tap'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { backends, build, logIn } from '../../../build.ts'
import { call } from './calls.ts'

type Listed = { id: string; current: boolean; lastSeenAt: string }

for (const backend of backends) {
  t.test(
    `sessions are listed page by page, the current one first, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, await backend.environment())
      const ada = await logIn(app, 'ada')
      const { sessions } = app.tables
      const template = await app.sessions.find(ada.sid)
      if (template === null) return t.fail('no login was made')
      // Some have the same time, so their ids decide.
      const at = (i: number) => new Date(template.lastSeenAt.getTime() + 1000 * Math.floor(i / 3))
      const rows = Array.from({ length: 60 }, (_, i) => ({
        ...template,
        id: `01900000-0000-7000-8000-0000000000${i + 10}`,
        secretHash: `hash ${i}`,
        lastSeenAt: at(i)
      }))
      await app.db.insert(sessions).values(rows)
      const expected = [ada.sid, ...rows.map(({ id }) => id).reverse()]

      for (const limit of [undefined, 1, 7, 60, 61, 100]) {
        const pages: Listed[][] = []
        for (let cursor: string | null = ''; cursor !== null; ) {
          const query = new URLSearchParams({ ...(cursor && { cursor }), ...(limit && { limit: `${limit}` }) })
          const reply = await call(app, ada, `GET /api/auth/sessions?${query}`)
          if (reply.statusCode !== 200) throw new Error(`${query} answered ${reply.statusCode}`)
          pages.push(reply.json().sessions)
          cursor = reply.json().nextCursor
        }
        t.ok(pages.every((page) => page.length > 0 && page.length <= (limit ?? 50)))
        t.strictSame(
          pages.flat().map(({ id }) => id),
          expected,
          `each once, by ${limit ?? 'default'}`
        )
        t.strictSame(
          pages
            .flat()
            .filter(({ current }) => current)
            .map(({ id }) => id),
          [ada.sid]
        )
      }
      await app.db
        .update(sessions)
        .set({ expiresAt: new Date(0) })
        .where(eq(sessions.secretHash, 'hash 59'))
      t.equal((await call(app, ada, 'GET /api/auth/sessions?limit=2')).json().sessions[1].id, rows[58]?.id)
    }
  )
}

for (const query of ['limit=0', 'limit=101', 'limit=a', 'cursor=a', 'cursor=', 'cursor=1_2', 'page=2'])
  t.test(`GET /api/auth/sessions?${query} is 400`, async (t) => {
    const app = await build(t)
    const reply = await call(app, await logIn(app, 'ada'), `GET /api/auth/sessions?${query}`)
    t.equal(reply.statusCode, 400)
    t.equal(reply.json().code, 'VALIDATION_FAILED')
  })
