import t from 'tap'
import { createConcurrencyLimit } from '../../../../src/plugins/identity/users/concurrency-limit.ts'
import { createBudget, timeLeft, withBudget } from '../../../../src/plugins/platform/time-budget/time-budget.ts'

/** A task that the test ends. */
function createTask() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const task = {
    isRunning: false,
    run() {
      task.isRunning = true
      return promise
    },
    resolve,
    reject
  }
  return task
}

const settle = () => new Promise((resolve) => setImmediate(resolve))
const unavailable = { code: 'SERVICE_UNAVAILABLE', statusCode: 503 }

t.test('runs as many tasks at once as allowed, and the next one when a task succeeds or fails', async (t) => {
  const govern = createConcurrencyLimit(2, 2, 60_000)
  const tasks = [createTask(), createTask(), createTask(), createTask()] as const
  const ends = tasks.map((task) => govern(task.run))
  await settle()
  t.strictSame(
    tasks.map(({ isRunning }) => isRunning),
    [true, true, false, false]
  )
  tasks[1].reject(new Error('failed'))
  await t.rejects(ends[1] as Promise<string>, { message: 'failed' })
  await settle()
  t.strictSame(
    tasks.map(({ isRunning }) => isRunning),
    [true, true, true, false]
  )
  for (const task of tasks) task.resolve('done')
  t.strictSame(await Promise.all([ends[0], ends[2], ends[3]]), ['done', 'done', 'done'])
  t.equal(await govern(async () => 'again'), 'again', 'and is free afterwards')
})

t.test('ASVS 15.1.3, 15.2.2: rejects a task at once if the queue is full', async (t) => {
  const govern = createConcurrencyLimit(1, 1, 60_000)
  const running = createTask()
  const ends = [govern(running.run), govern(async () => 'second')]
  await t.rejects(
    govern(async () => 'third'),
    unavailable
  )
  running.resolve('first')
  t.strictSame(await Promise.all(ends), ['first', 'second'])
})

t.test('ASVS 15.1.3, 15.2.2: rejects a task that waited too long, without running it or losing a slot', async (t) => {
  const govern = createConcurrencyLimit(1, 1, 5)
  const running = createTask()
  const late = createTask()
  const first = govern(running.run)
  await t.rejects(govern(late.run), unavailable)
  t.equal(late.isRunning, false)
  t.strictSame(govern.load(), { running: 1, waiting: 0, refused: 1 })
  running.resolve('first')
  t.equal(await first, 'first')
  t.strictSame(govern.load(), { running: 0, waiting: 0, refused: 1 })
  t.equal(await govern(async () => 'next'), 'next')
  t.equal(late.isRunning, false)
})

t.test('a task waits no longer than the time budget of its request, and the wait counts', async (t) => {
  const govern = createConcurrencyLimit(1, 2, 60_000)
  const running = createTask()
  const first = govern(running.run)
  await new Promise<void>((resolve) => {
    withBudget(createBudget(30), () => {
      void t
        .rejects(
          govern(async () => 'late'),
          unavailable
        )
        .then(() => resolve())
    })
  })
  const { promise, resolve } = Promise.withResolvers<number>()
  withBudget(createBudget(1000), () => {
    void govern(async () => resolve(timeLeft(1000)))
  })
  await new Promise((done) => setTimeout(done, 100))
  running.resolve('first')
  t.equal(await first, 'first')
  t.ok((await promise) <= 910)
})

t.test('ASVS 15.2.2: a flood of sign-ups at most doubles the wait of logins', async (t) => {
  const govern = createConcurrencyLimit(1, 20, 60_000)
  const order: string[] = []
  const running = createTask()
  const all = [govern(running.run)]
  const add = (lane: 'logins' | 'signUps', name: string) => {
    const done = govern(async () => name, lane)
    all.push(done)
    void done.then(
      () => order.push(name),
      () => {}
    )
  }
  for (let i = 0; i < 12; i++) add('signUps', 's')
  for (let i = 0; i < 4; i++) add('logins', 'l')
  running.resolve('first')
  await Promise.all(all)
  t.equal(order.slice(0, 8).filter((name) => name === 'l').length, 4, order.join(''))
  t.equal(order.join('').slice(8), 's'.repeat(8), 'then the rest')

  order.length = 0
  const again = createTask()
  all.push(govern(again.run))
  for (let i = 0; i < 12; i++) add('logins', 'l')
  add('signUps', 's')
  again.resolve('again')
  await Promise.all(all)
  t.ok(order.indexOf('s') < 2, `and the other way round: ${order.join('')}`)
})

t.test('ASVS 15.2.2: a flood in one lane leaves the other lane half of the queue', async (t) => {
  const govern = createConcurrencyLimit(1, 10, 60_000)
  const running = createTask()
  const first = govern(running.run)
  const flood = Promise.allSettled(Array.from({ length: 15 }, () => govern(async () => 'sign-up', 'signUps')))
  await settle()
  t.strictSame(govern.load(), { running: 1, waiting: 10, refused: 5 }, 'it may have all places while nobody needs them')
  const sessions = Promise.allSettled(Array.from({ length: 7 }, () => govern(async () => 'login', 'logins')))
  await settle()
  t.strictSame(govern.load(), { running: 1, waiting: 10, refused: 12 })
  running.resolve('first')
  await first
  const ends = [...(await flood), ...(await sessions)]
  const count = (value: string) => ends.filter((end) => end.status === 'fulfilled' && end.value === value).length
  t.equal(count('login'), 5)
  t.equal(count('sign-up'), 5)
  for (const end of ends) if (end.status === 'rejected') t.match(end.reason, unavailable)
  t.strictSame(govern.load(), { running: 0, waiting: 0, refused: 12 })
})
