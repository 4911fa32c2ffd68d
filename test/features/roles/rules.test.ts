import t from 'tap'
import { findRefusal, type Intent } from '../../../src/features/roles/rules.ts'

const BANNED = new Date('2026-03-01T12:00:00.000Z')
const person = (id: string, role: string, bannedAt: Date | null = null) => ({ id, role, bannedAt })
const actor = { userId: 'actor', sid: 'session' }
const ban = { targetId: 'target', permission: 'users:ban', removes: true } as const
const setRole = (role: string) => ({ targetId: 'target', permission: 'users:role', role }) as const

t.test('ASVS 8.2.1: nobody acts on more permissions than their own, and one admin is always left', async (t) => {
  const rows: [string, ReturnType<typeof person>[], Intent, string | null][] = [
    ['a user', [person('actor', 'user'), person('target', 'user')], ban, 'FORBIDDEN'],
    ['a role that is gone', [person('actor', 'former'), person('target', 'user')], ban, 'FORBIDDEN'],
    ['a name of a prototype', [person('actor', 'constructor'), person('target', 'user')], ban, 'FORBIDDEN'],
    ['support', [person('actor', 'support'), person('target', 'user')], ban, null],
    ['support on support', [person('actor', 'support'), person('target', 'support')], ban, null],
    ['support on an admin', [person('actor', 'support'), person('target', 'admin')], ban, 'FORBIDDEN'],
    ['support that gives roles', [person('actor', 'support'), person('target', 'user')], setRole('user'), 'FORBIDDEN'],
    ['an admin', [person('actor', 'admin'), person('target', 'user')], setRole('admin'), null],
    ['a banned admin', [person('actor', 'admin', BANNED), person('target', 'user')], ban, 'FORBIDDEN'],
    ['an admin who is gone', [person('target', 'user')], ban, 'FORBIDDEN'],
    ['an admin on another one', [person('actor', 'admin'), person('target', 'admin')], ban, null],
    ['an admin on nobody', [person('actor', 'admin')], ban, 'USER_NOT_FOUND']
  ]
  for (const [about, people, intent, code] of rows)
    t.equal(findRefusal(people, actor, intent)?.code ?? null, code, about)
})

t.test('the last admin who is not banned stays', async (t) => {
  const self = { userId: 'target', sid: 'session' }
  const last = [person('target', 'admin'), person('other', 'admin', BANNED), person('third', 'support')]
  for (const by of [self, null]) {
    t.equal(findRefusal(last, by, ban)?.code, 'LAST_ADMIN', 'a ban')
    t.equal(findRefusal(last, by, setRole('support'))?.code, 'LAST_ADMIN', 'another role')
    t.equal(findRefusal(last, by, setRole('admin')), null, 'the same role')
    t.equal(findRefusal([...last, person('next', 'admin')], by, ban), null, 'with another admin')
  }
  const deletion = { targetId: 'target', permission: null, removes: true }
  t.equal(findRefusal(last, null, deletion)?.code, 'LAST_ADMIN', 'a deletion')
  const banned = [person('target', 'admin', BANNED), person('other', 'admin')]
  t.equal(findRefusal(banned, null, deletion), null, 'a banned admin is none')
})
