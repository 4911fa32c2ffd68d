import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import {
  countWait,
  inBackground,
  inTime,
  newPatience,
  timeLeft,
  withPatience
} from '../../../src/plugins/deadline/deadline.ts'

const late = { name: 'DeadlineExceeded', code: 'DEADLINE_EXCEEDED' }
const never = () => new Promise<never>(() => {})

/** What a request does, with a patience of so many ms. */
function asRequest<T>(leftMs: number, work: () => Promise<T>) {
  const { promise, resolve } = Promise.withResolvers<T>()
  withPatience({ leftMs }, () => resolve(work()))
  return promise
}

t.test('what comes in time is given as it is, a failure too', async (t) => {
  t.equal(await inTime(1000, async () => 'here'), 'here')
  const failed = inTime(1000, () => Promise.reject(new Error('no')))
  await t.rejects(failed, { message: 'no' })
})

t.test('what does not come in time is given up', async (t) => {
  await t.rejects(inTime(5, never), { ...late, afterMs: 5 })
})

t.test('the waits of a request count together', async (t) => {
  await asRequest(150, async () => {
    await t.rejects(inTime(100, never), late)
    t.ok(timeLeft(1000) < 60, `${timeLeft(1000)} ms are left`)
    await t.rejects(inTime(100, never), late, 'no longer than that')
    let isAsked = false
    const refused = inTime(100, async () => {
      isAsked = true
    })
    await t.rejects(refused, { ...late, afterMs: 0 })
    t.notOk(isAsked, 'nobody is asked in vain')
  })
})

t.test('many quick answers are no waiting', async (t) => {
  await asRequest(100, async () => {
    for (let i = 0; i < 50; i++) await inTime(100, () => sleep(3))
    t.ok(timeLeft(1000) > 0)
  })
})

t.test('what waits in a way of its own can be counted', async (t) => {
  await asRequest(1000, async () => {
    countWait(performance.now() - 600)
    t.ok(timeLeft(1000) <= 400)
  })
})

t.test('one request does not use up the patience of another, and what is none has its own limits only', async (t) => {
  await Promise.all([
    asRequest(10, () =>
      t.rejects(
        inTime(1000, () => sleep(2000, null, { ref: false })),
        late
      )
    ),
    asRequest(1000, () => t.resolves(inTime(1000, () => sleep(50)))),
    t.resolves(inTime(1000, () => sleep(50)))
  ])
  await asRequest(0, async () => {
    await t.rejects(
      inTime(1000, async () => {}),
      late
    )
    await t.resolves(inBackground(() => inTime(1000, () => sleep(30))))
  })
  t.equal(newPatience().leftMs, 1000)
})
