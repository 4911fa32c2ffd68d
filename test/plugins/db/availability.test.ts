import type { FastifyBaseLogger } from 'fastify'
import t, { type Test } from 'tap'
import { watchAvailability } from '../../../src/plugins/db/availability.ts'
import { QueryDeadline } from '../../../src/plugins/db/errors.ts'
import { waitUntil } from '../../servers.ts'

/** A watch over a database that answers as `state.fault` says, and what it logs. */
function watch(t: Test) {
  const state = { fault: null as Error | null, looks: 0 }
  const lines: unknown[] = []
  const note = (level: string) => (line: { event: string; err?: Error }) =>
    lines.push(`${level} ${line.event} ${line.err?.message ?? ''}`.trim())
  const log = { info: note('info'), error: note('error') } as unknown as FastifyBaseLogger
  const look = async () => {
    state.looks++
    if (state.fault) throw state.fault
  }
  const availability = watchAvailability(look, log, 1)
  t.teardown(() => availability.stop())
  return { availability, state, lines }
}

t.test('one line tells of a loss and one of the return, however many requests failed', async (t) => {
  const { availability, state, lines } = watch(t)
  await availability.start()
  t.strictSame(lines, [], 'nothing to tell while it is up')
  state.fault = new QueryDeadline('late')
  for (let i = 0; i < 3; i++) availability.lose(state.fault)
  await waitUntil(() => state.looks > 5, 'it looks again and again')
  state.fault = null
  await waitUntil(() => lines.length > 1, 'it is back')
  t.strictSame(lines, ['error dependency_down late', 'info dependency_up'])
  const { looks } = state
  availability.lose(new QueryDeadline('again'))
  await waitUntil(() => state.looks > looks, 'it looks')
  t.strictSame(lines.slice(2, 3), ['error dependency_down again'])
})

t.test('a database that is down stops no start, one that is wrong does', async (t) => {
  const { availability, state } = watch(t)
  state.fault = new Error('3 database migrations are pending')
  await t.rejects(availability.start(), { message: /pending/ })
  state.fault = new QueryDeadline('late')
  await t.resolves(availability.start())
})

t.test('one that is wrong when it comes is told once', async (t) => {
  const { availability, state, lines } = watch(t)
  state.fault = new QueryDeadline('late')
  await availability.start()
  state.fault = new Error('3 database migrations are pending')
  const { looks } = state
  await waitUntil(() => state.looks > looks + 3, 'it looks again and again')
  t.strictSame(lines, ['error dependency_down late', 'error dependency_down 3 database migrations are pending'])
  state.fault = null
  await waitUntil(() => lines.length > 2, 'it is back')
  t.strictSame(lines.slice(2), ['info dependency_up'])
})

t.test('nothing is looked for after the stop, not even when a look was under way', async (t) => {
  const { availability, state } = watch(t)
  state.fault = new QueryDeadline('late')
  await availability.start()
  await waitUntil(() => state.looks > 1, 'it looks')
  availability.stop()
  const { looks } = state
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(state.looks, looks)

  const other = watch(t)
  other.availability.stop()
  other.availability.lose(new QueryDeadline('late'))
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(other.state.looks, 0)
})
