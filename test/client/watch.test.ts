import t, { type Test } from 'tap'
import { delays } from '../../client/src/delays.ts'
import type { createClient, SessionState } from '../../client/src/index.ts'
import { PASSWORD, signUp, transports } from '../build.ts'
import { waitUntil } from '../wait.ts'
import { ADA, BOB, open, problem } from './browser.ts'

delays.recheckMs = 50

/** What `watch` has reported: who is logged in, and the code of the error if there is one. */
function watch(t: Test, client: ReturnType<typeof createClient>) {
  const reports: string[] = []
  const states: SessionState[] = []
  const stop = client.watch((state) => {
    states.push(state)
    const { session, error } = state
    const who = session === undefined ? 'loading' : (session?.user.username ?? 'nobody')
    reports.push(error ? `${who} ${(error as { code?: string }).code}` : who)
  })
  t.teardown(stop)
  return {
    reports,
    states,
    stop,
    seen: (last: string) => waitUntil(() => reports.at(-1) === last, `watch says ${last}`)
  }
}

/** Lets the page get events, such as `focus`. */
function openPage(t: Test) {
  const page = new EventTarget()
  const { addEventListener, removeEventListener } = globalThis
  Object.assign(globalThis, {
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page)
  })
  t.teardown(() => Object.assign(globalThis, { addEventListener, removeEventListener }))
  return page
}

for (const { kind } of transports) {
  t.test(`watch reports the session and its changes in every tab (${kind})`, async (t) => {
    const { openTab, app } = await open(t)
    await signUp(app, 'bob')
    const [one, other] = [openTab(kind), openTab(kind)]
    const { reports, states, seen, stop } = watch(t, other)
    await seen('nobody')
    await one.login(ADA)
    await seen('ada')
    await one.login(BOB)
    await seen('bob')
    t.same(reports.slice(0, 2), ['nobody', 'loading'])
    t.notOk(
      reports.slice(reports.lastIndexOf('ada') + 1).includes('ada'),
      'nothing of ada is shown after bob has logged in'
    )
    t.equal(reports[reports.lastIndexOf('ada') + 1], 'loading')

    const before = states.length
    await other.reauthenticate(PASSWORD)
    await waitUntil(() => states.length > before, 'the renewal is reported')
    t.not(states.at(-1)?.session?.session.id, states[before - 1]?.session?.session.id)

    await one.logout()
    await seen('nobody')
    stop()
    const { length } = reports
    await one.login(ADA)
    t.ok(await other.session())
    t.equal(reports.length, length, 'nothing is reported after the end')
  })

  t.test(`watch notices an end without a message when the page gets the focus (${kind})`, async (t) => {
    const page = openPage(t)
    const { openTab, app } = await open(t)
    const tab = openTab(kind)
    const { id } = await tab.login(ADA)
    const { seen } = watch(t, tab)
    await seen('ada')
    await app.revocations.revokeAll(app, id, 'all', new Date())
    page.dispatchEvent(new Event('focus'))
    await seen('nobody')
    tab.close()
  })

  t.test(`watch reports why a check failed, keeps the session, and tries again (${kind})`, async (t) => {
    const page = openPage(t)
    const { openTab, intercept, count } = await open(t)
    const tab = openTab(kind)
    await tab.login(ADA)
    const { seen, reports } = watch(t, tab)
    await seen('ada')
    intercept(() => problem(503, 'SERVICE_UNAVAILABLE'))
    page.dispatchEvent(new Event('online'))
    await seen('ada SERVICE_UNAVAILABLE')
    intercept(() => null)
    await seen('ada')

    intercept(() => problem(503, 'SERVICE_UNAVAILABLE'))
    page.dispatchEvent(new Event('online'))
    await seen('ada SERVICE_UNAVAILABLE')
    tab.close()
    const calls = count('GET /api/auth/check-auth')
    page.dispatchEvent(new Event('online'))
    await new Promise((resolve) => setTimeout(resolve, 2 * delays.recheckMs))
    t.equal(count('GET /api/auth/check-auth'), calls, 'a closed client checks no more')
    t.equal(reports.at(-1), 'ada SERVICE_UNAVAILABLE')
  })
}
