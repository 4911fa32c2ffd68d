import type { FastifyBaseLogger } from 'fastify'
import t, { type Test } from 'tap'
import { watchAvailability } from '../../../../src/plugins/platform/db/availability.ts'
import {
  createBudget,
  DeadlineExceeded,
  withBudget,
  withTimeout
} from '../../../../src/plugins/platform/time-budget/time-budget.ts'
import { waitUntil } from '../../../servers.ts'

/** A watch over a database that answers as `state.fault` says, and what it logs. */
function watch(t: Test, retryMs = 1) {
  const state = { fault: null as Error | null, looks: 0 }
  const lines: unknown[] = []
  const note = (level: string) => (line: { event: string; err?: Error & { code?: string } }) =>
    lines.push(`${level} ${line.event} ${line.err?.code ?? line.err?.message ?? ''}`.trim())
  const log = { info: note('info'), error: note('error') } as unknown as FastifyBaseLogger
  const look = async () => {
    state.looks++
    await withTimeout(1000, async () => {})
    if (state.fault) throw state.fault
  }
  const availability = watchAvailability(look, log, retryMs)
  t.teardown(() => availability.stop())
  return { availability, state, lines }
}

const late = new DeadlineExceeded(800)

t.test('one line tells of a loss and one of the return, however many requests failed', async (t) => {
  const { availability, state, lines } = watch(t)
  await availability.start()
  t.strictSame(lines, [], 'nothing to tell while it is up')
  state.fault = late
  for (let i = 0; i < 3; i++) availability.reportFailure(late)
  await waitUntil(() => state.looks > 5, 'it looks again and again')
  t.equal(availability.isUp(), false)
  state.fault = null
  await waitUntil(availability.isUp, 'it is back')
  t.strictSame(lines, ['error dependency_down DEADLINE_EXCEEDED', 'info dependency_up'])
  state.fault = late
  availability.reportFailure(late)
  await waitUntil(() => !availability.isUp(), 'it is lost again')
  t.strictSame(lines.slice(2), ['error dependency_down DEADLINE_EXCEEDED'])
})

t.test(
  'one that is down is looked for soon at first, then less often, and soon again after the next loss',
  async (t) => {
    const { availability, state } = watch(t, 500)
    const waits: (number | undefined)[] = []
    const { setTimeout: wait } = globalThis
    t.capture(globalThis, 'setTimeout', ((act: () => void, ms?: number) => {
      if (act.name === 'recheck') waits.push(ms)
      return wait(act, act.name === 'recheck' ? 1 : ms)
    }) as typeof setTimeout)
    state.fault = late
    await availability.start()
    await waitUntil(() => waits.length >= 5, 'it looks again and again')
    t.strictSame(waits.slice(0, 5), [100, 200, 400, 500, 500])
    state.fault = null
    await waitUntil(availability.isUp, 'it is back')
    waits.length = 0
    state.fault = late
    availability.reportFailure(late)
    await waitUntil(() => waits.length > 0, 'it is lost again')
    t.equal(waits[0], 100)
  }
)

t.test('one query that fails is no loss where the database answers', async (t) => {
  const { availability, state, lines } = watch(t)
  await availability.start()
  for (let i = 0; i < 3; i++) availability.reportFailure(late)
  t.equal(state.looks, 2, 'one look for all that fail at a time')
  availability.reportFailure(new Error('syntax'))
  await waitUntil(async () => {
    availability.reportFailure(late)
    return state.looks > 2
  }, 'the next one is asked for')
  t.equal(availability.isUp(), true)
  t.strictSame(lines, [])
})

t.test('a request that has waited too long does not keep it from looking', async (t) => {
  const { availability, state } = watch(t)
  await availability.start()
  state.fault = late
  withBudget(createBudget(0), () => availability.reportFailure(late))
  await waitUntil(() => !availability.isUp(), 'it is lost')
  state.fault = null
  await waitUntil(availability.isUp, 'it is back')
})

t.test('a database that is down stops no start, one that is wrong does', async (t) => {
  const { availability, state } = watch(t)
  state.fault = new Error('3 database migrations are pending')
  await t.rejects(availability.start(), { message: /pending/ })
  state.fault = late
  await t.resolves(availability.start())
})

t.test('one that is wrong when it comes is told once', async (t) => {
  const { availability, state, lines } = watch(t)
  state.fault = late
  await availability.start()
  state.fault = new Error('3 database migrations are pending')
  const { looks } = state
  await waitUntil(() => state.looks > looks + 3, 'it looks again and again')
  const told = ['error dependency_down DEADLINE_EXCEEDED', 'error dependency_down 3 database migrations are pending']
  t.strictSame(lines, told)
  state.fault = null
  await waitUntil(() => lines.length > 2, 'it is back')
  t.strictSame(lines.slice(2), ['info dependency_up'])
})

t.test('nothing is looked for after the stop, not even when a look was under way', async (t) => {
  const { availability, state } = watch(t)
  state.fault = late
  await availability.start()
  await waitUntil(() => state.looks > 1, 'it looks')
  availability.stop()
  const { looks } = state
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(state.looks, looks)

  const other = watch(t)
  other.availability.stop()
  other.availability.reportFailure(late)
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(other.state.looks, 0)
})
