import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'

/** The table of stored events, for tests that copy tables. */
export const eventsTable = 'audit_events'

/** Every stored event. */
export const recordedEvents = ({ db, tables }: Pick<FastifyInstance, 'db' | 'tables'>) =>
  db.select().from(tables.auditEvents)

/** Checks that the end of this many sessions is stored, each once. */
export async function checkEachRecorded(t: Test, app: Pick<FastifyInstance, 'db' | 'tables'>, count: number) {
  const events = await recordedEvents(app)
  t.equal(events.length, count)
  t.equal(new Set(events.map(({ sid }) => sid)).size, count)
}

/** Checks that an event of this session is stored. */
export async function checkRecorded(t: Test, app: FastifyInstance, sid: string) {
  t.ok(
    (await recordedEvents(app)).some((event) => event.sid === sid),
    'it is on record'
  )
}
