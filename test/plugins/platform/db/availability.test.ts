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

/** Watches a database that fails with `state.fault`, and collects what is logged. */
function watch(t: Test, retryMs = 1) {
  const state = { fault: null as Error | null, checks: 0 }
  const lines: unknown[] = []
  const note = (level: string) => (line: { event: string; err?: Error & { code?: string } }) =>
    lines.push(`${level} ${line.event} ${line.err?.code ?? line.err?.message ?? ''}`.trim())
  const log = { info: note('info'), error: note('error') } as unknown as FastifyBaseLogger
  const check = async () => {
    state.checks++
    await withTimeout(1000, async () => {})
    if (state.fault) throw state.fault
  }
  const availability = watchAvailability(check, log, retryMs)
  t.teardown(() => availability.stop())
  return { availability, state, lines }
}

const late = new DeadlineExceeded(800)

t.test('ASVS 16.3.4: an outage is logged once and its end once, however many requests fail', async (t) => {
  const { availability, state, lines } = watch(t)
  await availability.start()
  t.strictSame(lines, [], 'nothing to log while it is up')
  state.fault = late
  for (let i = 0; i < 3; i++) availability.reportFailure(late)
  await waitUntil(() => state.checks > 5, 'it keeps checking')
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
  'checks of a database that is down begin quickly, slow down, and begin quickly again in the next outage',
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
    await waitUntil(() => waits.length >= 5, 'it keeps checking')
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

t.test('a failed query is not an outage if the database still answers a ping', async (t) => {
  const { availability, state, lines } = watch(t)
  await availability.start()
  for (let i = 0; i < 3; i++) availability.reportFailure(late)
  t.equal(state.checks, 2, 'concurrent failures share one check')
  availability.reportFailure(new Error('syntax'))
  await waitUntil(async () => {
    availability.reportFailure(late)
    return state.checks > 2
  }, 'the next failure causes another check')
  t.equal(availability.isUp(), true)
  t.strictSame(lines, [])
})

t.test('a request without time left does not prevent the check', async (t) => {
  const { availability, state } = watch(t)
  await availability.start()
  state.fault = late
  withBudget(createBudget(0), () => availability.reportFailure(late))
  await waitUntil(() => !availability.isUp(), 'it is lost')
  state.fault = null
  await waitUntil(availability.isUp, 'it is back')
})

t.test('the service starts while the database is down, but not with an unusable one', async (t) => {
  const { availability, state } = watch(t)
  state.fault = new Error('3 database migrations are pending')
  await t.rejects(availability.start(), { message: /pending/ })
  state.fault = late
  await t.resolves(availability.start())
})

t.test('a database that comes back unusable is logged once', async (t) => {
  const { availability, state, lines } = watch(t)
  state.fault = late
  await availability.start()
  state.fault = new Error('3 database migrations are pending')
  const { checks } = state
  await waitUntil(() => state.checks > checks + 3, 'it keeps checking')
  const told = ['error dependency_down DEADLINE_EXCEEDED', 'error dependency_down 3 database migrations are pending']
  t.strictSame(lines, told)
  state.fault = null
  await waitUntil(() => lines.length > 2, 'it is back')
  t.strictSame(lines.slice(2), ['info dependency_up'])
})

t.test('no check follows after the stop, even if one was running', async (t) => {
  const { availability, state } = watch(t)
  state.fault = late
  await availability.start()
  await waitUntil(() => state.checks > 1, 'it checks')
  availability.stop()
  const { checks } = state
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(state.checks, checks)

  const other = watch(t)
  other.availability.stop()
  other.availability.reportFailure(late)
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(other.state.checks, 0)
})
