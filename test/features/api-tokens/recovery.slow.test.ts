import t from 'tap'
import { logIn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { buildWithMail, resetPassword, verifyEmail } from '../recovery/mails.ts'
import { makeToken, outcome, probeWith, TOKENS } from './calls.ts'

t.test(
  'while addresses are verified, an API token needs a verified one, is noticed by mail, and ends with a reset',
  async (t) => {
    const mail = await buildWithMail(t)
    const { app, mailTo } = mail
    const ada = await logIn(app, 'ada')
    const payload = { name: '<b>a secret name</b>', abilities: ['probe:read'] }
    t.equal(outcome(await call(app, ada, `POST ${TOKENS}`, payload)), '403 EMAIL_NOT_VERIFIED')
    await verifyEmail(app, 'ada')
    const token = await makeToken(app, ada, payload)
    const { raw } = await mailTo('ada@example.com', /API token was created/)
    t.notMatch(raw, token.token)
    t.notMatch(raw, 'secret name')
    t.equal(await probeWith(app, token), '200')
    t.equal((await resetPassword(mail, 'ada@example.com', 'another long password')).statusCode, 204)
    t.equal(await probeWith(app, token), '401 INVALID_TOKEN')
  }
)
