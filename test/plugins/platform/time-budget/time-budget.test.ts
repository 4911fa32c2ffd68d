import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import {
  countWait,
  createBudget,
  detached,
  timeLeft,
  withBudget,
  withTimeout
} from '../../../../src/plugins/platform/time-budget/time-budget.ts'

const late = { name: 'DeadlineExceeded', code: 'DEADLINE_EXCEEDED' }
const never = () => new Promise<never>(() => {})

/** Runs work with this budget, like a request. */
function asRequest<T>(limitMs: number | undefined, work: () => Promise<T>) {
  const { promise, resolve } = Promise.withResolvers<T>()
  withBudget(createBudget(limitMs), () => resolve(work()))
  return promise
}

t.test('a result or failure in time is passed on unchanged', async (t) => {
  t.equal(await withTimeout(1000, async () => 'here'), 'here')
  const failed = withTimeout(1000, () => Promise.reject(new Error('no')))
  await t.rejects(failed, { message: 'no' })
})

t.test('work that takes too long is abandoned', async (t) => {
  await t.rejects(withTimeout(5, never), { ...late, afterMs: 5 })
})

t.test('all waits of a request draw on one budget', async (t) => {
  await asRequest(150, async () => {
    await t.rejects(withTimeout(100, never), late)
    t.ok(timeLeft(1000) < 60, `${timeLeft(1000)} ms are left`)
    await t.rejects(withTimeout(100, never), late, 'the second wait ends when the budget is used up')
    let isAsked = false
    const refused = withTimeout(100, async () => {
      isAsked = true
    })
    await t.rejects(refused, { ...late, afterMs: 0 })
    t.notOk(isAsked, 'work is not started without time left')
  })
})

t.test('parallel and nested waits count once', async (t) => {
  await asRequest(1000, async () => {
    const wait = () => withTimeout(500, () => withTimeout(400, () => sleep(100)))
    await Promise.all(Array.from({ length: 20 }, wait))
    t.ok(timeLeft(1000) > 700, `${timeLeft(1000)} ms are left`)
  })
})

t.test('a wait that starts during another ends when the budget is used up', async (t) => {
  await asRequest(200, async () => {
    const begin = performance.now()
    const first = t.rejects(withTimeout(1000, never), late)
    await new Promise((resolve) => setTimeout(resolve, 100))
    t.ok(timeLeft(1000) <= 101, 'the clock runs while a wait is open')
    await Promise.all([first, t.rejects(withTimeout(1000, never), late)])
    t.ok(performance.now() - begin < 300)
  })
})

t.test('work between waits does not count', async (t) => {
  await asRequest(100, async () => {
    await withTimeout(100, async () => {})
    await sleep(200)
    t.ok(timeLeft(1000) > 50, `${timeLeft(1000)} ms are left`)
    await t.resolves(withTimeout(100, async () => {}))
  })
})

t.test('countWait counts waits without a timeout of their own', async (t) => {
  await asRequest(1000, async () => {
    await t.rejects(
      countWait(() => sleep(100).then(() => Promise.reject(new Error('no')))),
      { message: 'no' }
    )
    t.ok(timeLeft(1000) <= 901)
  })
  t.equal(await countWait(async () => 'here'), 'here', 'also outside a request')
})

t.test('work that throws synchronously leaves no timer behind', async (t) => {
  const broken = () => {
    throw new Error('broken')
  }
  await t.rejects(withTimeout(5, broken), { message: 'broken' })
  // An unhandled rejection would end the process.
  await sleep(20)
})

t.test('requests have separate budgets, and detached work has none', async (t) => {
  await Promise.all([
    asRequest(10, () =>
      t.rejects(
        withTimeout(1000, () => sleep(2000, null, { ref: false })),
        late
      )
    ),
    asRequest(1000, () => t.resolves(withTimeout(1000, () => sleep(50)))),
    t.resolves(withTimeout(1000, () => sleep(50)))
  ])
  await asRequest(0, async () => {
    await t.rejects(
      withTimeout(1000, async () => {}),
      late
    )
    await t.resolves(detached(() => withTimeout(1000, () => sleep(30))))
  })
  await asRequest(undefined, async () => t.equal(timeLeft(5000), 1000))
})
