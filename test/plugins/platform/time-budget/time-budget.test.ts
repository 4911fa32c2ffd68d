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

/** What a request does, with a patience of so many ms. */
function asRequest<T>(limitMs: number | undefined, work: () => Promise<T>) {
  const { promise, resolve } = Promise.withResolvers<T>()
  withBudget(createBudget(limitMs), () => resolve(work()))
  return promise
}

t.test('what comes in time is given as it is, a failure too', async (t) => {
  t.equal(await withTimeout(1000, async () => 'here'), 'here')
  const failed = withTimeout(1000, () => Promise.reject(new Error('no')))
  await t.rejects(failed, { message: 'no' })
})

t.test('what does not come in time is given up', async (t) => {
  await t.rejects(withTimeout(5, never), { ...late, afterMs: 5 })
})

t.test('the waits of a request count together', async (t) => {
  await asRequest(150, async () => {
    await t.rejects(withTimeout(100, never), late)
    t.ok(timeLeft(1000) < 60, `${timeLeft(1000)} ms are left`)
    await t.rejects(withTimeout(100, never), late, 'no longer than that')
    let isAsked = false
    const refused = withTimeout(100, async () => {
      isAsked = true
    })
    await t.rejects(refused, { ...late, afterMs: 0 })
    t.notOk(isAsked, 'nobody is asked in vain')
  })
})

t.test('waits that run side by side count once, those within others too', async (t) => {
  await asRequest(1000, async () => {
    const wait = () => withTimeout(500, () => withTimeout(400, () => sleep(100)))
    await Promise.all(Array.from({ length: 20 }, wait))
    t.ok(timeLeft(1000) > 700, `${timeLeft(1000)} ms are left`)
  })
})

t.test('a wait that begins in another one ends when the request has no time left', async (t) => {
  await asRequest(200, async () => {
    const begin = performance.now()
    const first = t.rejects(withTimeout(1000, never), late)
    await new Promise((resolve) => setTimeout(resolve, 100))
    t.ok(timeLeft(1000) <= 101, 'the clock runs while one is open')
    await Promise.all([first, t.rejects(withTimeout(1000, never), late)])
    t.ok(performance.now() - begin < 300)
  })
})

t.test('what a request does between its waits does not count', async (t) => {
  await asRequest(100, async () => {
    await withTimeout(100, async () => {})
    await sleep(200)
    t.ok(timeLeft(1000) > 50, `${timeLeft(1000)} ms are left`)
    await t.resolves(withTimeout(100, async () => {}))
  })
})

t.test('what waits in a way of its own can be counted', async (t) => {
  await asRequest(1000, async () => {
    await t.rejects(
      countWait(() => sleep(100).then(() => Promise.reject(new Error('no')))),
      { message: 'no' }
    )
    t.ok(timeLeft(1000) <= 901)
  })
  t.equal(await countWait(async () => 'here'), 'here', 'outside of a request too')
})

t.test('work that throws at once leaves no deadline behind', async (t) => {
  const broken = () => {
    throw new Error('broken')
  }
  await t.rejects(withTimeout(5, broken), { message: 'broken' })
  // A rejection that nobody handles would end the process.
  await sleep(20)
})

t.test('one request does not use up the patience of another, and what is none has its own limits only', async (t) => {
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
