import { Secret, TOTP } from 'otpauth'
import t from 'tap'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { allRows, backends, build, buildWithLog, logIn, PASSWORD, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { ask, codeOf, confirm, enroll, outcome, wrongCode } from './codes.ts'

const [transport] = transports
if (!transport) throw new Error('there is no transport')
const { kind } = transport

t.test('ASVS 6.5.1: the code that confirmed the app, and any before an accepted one, are spent', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada', transport)
  const { secret } = (await call(app, ada, 'POST /api/users/me/totp')).json()
  const now = Date.now()
  const codeAt = (seconds: number) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: now + seconds * 1000 })
  t.equal((await call(app, ada, 'PUT /api/users/me/totp', { code: codeAt(0) })).statusCode, 200)
  const { ticket } = await ask(app, 'ada', kind)
  for (const seconds of [0, -30])
    t.equal(outcome(await confirm(app, { ticket, code: codeAt(seconds) })), '401 INVALID_CODE', `${seconds} s`)
  t.equal(outcome(await confirm(app, { ticket, code: codeAt(30) })), '200', 'the next one')
  const again = await ask(app, 'ada', kind)
  t.equal(outcome(await confirm(app, { ticket: again.ticket, code: codeAt(0) })), '401 INVALID_CODE')
})

t.test('ASVS 6.3.4: a ticket is of no use with the codes or the session of another user', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const [ada, eve] = [await enroll(app, 'ada', transport), await enroll(app, 'eve', transport)]
  const { ticket } = await ask(app, 'ada', kind)
  t.equal(outcome(await confirm(app, { ticket, recoveryCode: eve.recoveryCodes[0] })), '401 INVALID_CODE')
  t.equal(outcome(await confirm(app, { ticket, code: codeOf(eve.secret) })), '401 INVALID_CODE')
  t.match((await call(app, eve, 'GET /api/users/me/security')).json(), { recoveryCodesLeft: 10 })

  const asked = await call(app, ada, 'POST /api/auth/reauthenticate', { password: PASSWORD })
  const own = asked.json().secondFactor.ticket
  const [recoveryCode] = ada.recoveryCodes
  t.equal(outcome(await confirm(app, { ticket: own, recoveryCode }, eve.headers)), '401 TICKET_INVALID')
  const other = await transport.logIn(app, 'eve').catch(() => null)
  t.equal(other, null, 'the password alone logs nobody in')

  const change = { currentPassword: PASSWORD, newPassword: 'another long password' }
  t.ok((await call(app, ada, 'PUT /api/users/me/password', change)).statusCode < 300)
  t.equal(outcome(await confirm(app, { ticket, recoveryCode })), '401 TICKET_INVALID', 'after a change of the password')
  const last = await ask(app, 'eve', kind)
  await app.revocations.deleteUser(app, eve.user.id, new Date())
  const late = await confirm(app, { ticket: last.ticket, recoveryCode: eve.recoveryCodes[0] })
  t.equal(outcome(late), '401 TICKET_INVALID', 'after the deletion of the user')

  const stored = JSON.stringify(await allRows(app))
  const logged = JSON.stringify(lines)
  for (const secret of [ticket, own, last.ticket, ada.secret, eve.secret, ...ada.recoveryCodes, PASSWORD]) {
    t.notOk(stored.includes(secret), 'no row has it')
    t.notOk(logged.includes(secret), 'no line of the log has it')
  }
})

t.test('the fifth code in a row is reported as one too many only if it is wrong', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const ada = await enroll(app, 'ada', transport)
  const attempt = async (code: string) =>
    outcome(await confirm(app, { ticket: (await ask(app, 'ada', kind)).ticket, code }))
  for (let i = 0; i < 4; i++) t.equal(await attempt(wrongCode(ada.secret)), '401 INVALID_CODE')
  t.equal(await attempt(codeOf(ada.secret)), '200')
  const reported = () => lines.filter(({ event }) => event === 'authn_login_fail_max').length
  t.equal(reported(), 0)
  for (let i = 0; i < 5; i++) t.equal(await attempt(wrongCode(ada.secret)), '401 INVALID_CODE')
  t.equal(reported(), 1)
})

for (const backend of backends)
  t.test(
    `a user who is deleted while setting up an app gets a 401, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, await backend.environment())
      const ada = await logIn(app, 'ada', transport)
      const { find } = app.users
      app.users.find = async (id) => {
        const user = await find(id)
        await app.db.delete(app.tables.users).where(eq(app.tables.users.id, id))
        return user
      }
      t.equal(outcome(await call(app, ada, 'POST /api/users/me/totp')), '401 UNAUTHENTICATED')
    }
  )
