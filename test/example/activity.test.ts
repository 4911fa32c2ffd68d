import t from 'tap'
import { describeEvents, WORDS } from '../../example/src/activity/words.ts'
import { type EventName, eventNames, eventType } from '../../src/plugins/platform/audit/event-types.ts'
import { build } from '../build.ts'

const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString()
const event = (event: string, second: number, reason: string | null = null, userAgent = 'Firefox') => ({
  event,
  reason,
  userAgent,
  createdAt: at(second)
})

t.test('every event that a user can read has words, or is left out on purpose', async (t) => {
  await build(t)
  const stored = eventNames().filter((name) => eventType(name as EventName).isStored)
  t.ok(stored.length > 10)
  t.same(
    stored.filter((name) => WORDS[name] === undefined),
    [],
    'example/src/activity/words.ts has them all'
  )
})

t.test('the reason of an event gives more exact words', async (t) => {
  const events = [event('session_expired', 3, 'logout'), event('session_expired', 2, 'never heard of')]
  t.same(
    describeEvents(events).map(({ words }) => words),
    ['Signed out', 'Session ended']
  )
})

t.test('leaves out what only accompanies another event, and what it does not know', async (t) => {
  const events = [event('authn_token_created', 3), event('authn_login_success', 3), event('not_yet_invented', 2)]
  t.same(
    describeEvents(events).map(({ words }) => words),
    ['Signed in']
  )
})

t.test('a sign-up with its first sign-in is one entry', async (t) => {
  const signUp = [event('session_created', 2), event('authn_login_success', 2), event('user_created', 1)]
  t.same(
    describeEvents(signUp).map(({ words }) => words),
    ['Account created']
  )
  for (const other of [event('authn_login_success', 120), event('authn_login_success', 2, null, 'Chrome')])
    t.equal(describeEvents([other, event('user_created', 1)]).length, 2, 'later, or on another device, it is its own')
})
