import t from 'tap'
import { PASSWORD, transports } from '../build.ts'
import { ADA, createSessionStorage, open, problem } from './browser.ts'

// What needs a second call with a code. The browser answers as the features do, so these tests hold for clones without them.

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
const OPEN = { ticket: 'secret', expiresAt: inMinutes(5) }

type Answers = Record<string, (body: Record<string, unknown>, request: Request) => Response | Promise<Response>>
/** Answers these calls, and lets the service answer all others. `sent` gets the bodies. */
function answerCalls({ intercept }: Pick<Awaited<ReturnType<typeof open>>, 'intercept'>, answers: Answers) {
  const sent: Record<string, unknown>[] = []
  intercept((request) => {
    const answer = answers[`${request.method} ${new URL(request.url).pathname}`]
    if (!answer) return null
    const reply = async () => {
      const body: Record<string, unknown> = await request
        .clone()
        .json()
        .catch(() => ({}))
      sent.push(body)
      return answer(body, request)
    }
    return reply()
  })
  return sent
}

for (const { kind } of transports) {
  t.test(`a new address renews the session (${kind})`, async (t) => {
    const browser = await open(t)
    const { openTab, url, send } = browser
    /** What the service answers to a renewal. */
    const renew = async (request: Request) => {
      browser.intercept(() => null)
      const { authorization } = Object.fromEntries(request.headers)
      const reply = await send(`${url}/api/auth/reauthenticate`, {
        method: 'POST',
        credentials: 'include',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: JSON.stringify({ password: PASSWORD })
      })
      return reply
    }
    const tab = openTab(kind)
    await tab.login(ADA)
    const sent = answerCalls(browser, {
      'POST /api/users/me/email': () => Response.json(OPEN, { status: 202 }),
      'PUT /api/users/me/email': (_, request) => renew(request)
    })
    await tab.requestEmailChange('ada@example.org')
    t.match(tab.pending('email-change'), { expiresAt: OPEN.expiresAt })
    await tab.changeEmail('AAAA-BBBB')
    t.same(sent, [{ email: 'ada@example.org' }, { ticket: 'secret', code: 'AAAA-BBBB' }])
    t.equal(tab.pending('email-change'), null)
    t.ok(await tab.session(), 'the tokens before were replaced')
  })

  t.test(`resets a password and verifies an address with codes (${kind})`, async (t) => {
    const browser = await open(t)
    const { openTab } = browser
    const user = { id: '1', username: 'bob', emailVerified: true }
    let isCommon = true
    const sent = answerCalls(browser, {
      'POST /api/auth/password-reset': () => Response.json(OPEN, { status: 202 }),
      'PUT /api/auth/password-reset': () =>
        isCommon ? problem(422, 'PASSWORD_TOO_COMMON') : new Response(null, { status: 204 }),
      'PUT /api/auth/email-verification': () => Response.json(user)
    })
    const tab = openTab(kind)
    await tab.requestPasswordReset('ada@example.com')
    await t.rejects(tab.resetPassword('AAAA-BBBB', 'password'), { code: 'PASSWORD_TOO_COMMON' })
    t.ok(tab.pending('password-reset'), 'the ticket is still valid')
    isCommon = false
    await tab.resetPassword('AAAA-BBBB', 'another long password')
    t.same(sent.at(-1), { ticket: 'secret', code: 'AAAA-BBBB', newPassword: 'another long password' })
    t.equal(tab.pending('password-reset'), null)
    t.equal(await tab.session(), null, 'nobody is logged in')

    browser.intercept(({ url }) =>
      url.endsWith('/signup')
        ? async (reply) =>
            Response.json({ ...((await reply.json()) as object), emailVerification: OPEN }, { status: 201 })
        : null
    )
    await tab.signUp({ username: 'bob', email: 'bob@example.com', name: 'Bob', password: PASSWORD })
    t.ok(tab.pending('email-verification'), 'the reply of a sign-up brings one')
    const verified = answerCalls(browser, { 'PUT /api/auth/email-verification': () => Response.json(user) })
    t.match(await tab.verifyEmail('CCCC-DDDD'), user)
    t.same(verified, [{ ticket: 'secret', code: 'CCCC-DDDD' }])
  })
}

t.test('a page hears what waits, and can give it up', async (t) => {
  const items = createSessionStorage(t)
  const browser = await open(t)
  let status = 401
  answerCalls(browser, {
    'POST /api/auth/password-reset': () => Response.json(OPEN, { status: 202 }),
    'PUT /api/auth/password-reset': () =>
      status === 204 ? new Response(null, { status }) : problem(status, 'TICKET_INVALID')
  })
  const tab = browser.openTab(transports[0]?.kind ?? 'cookie')
  const heard: boolean[] = []
  const stop = tab.onPending(() => heard.push(tab.pending('password-reset') !== null))
  await tab.requestPasswordReset('ada@example.com')
  t.equal(tab.pending('password-reset'), tab.pending('password-reset'), 'the same object, as stores of pages require')
  tab.forget('password-reset')
  t.equal(items.size, 0)
  await tab.requestPasswordReset('ada@example.com')
  await t.rejects(tab.resetPassword('AAAA-BBBB', PASSWORD), { code: 'TICKET_INVALID' })
  await tab.requestPasswordReset('ada@example.com')
  status = 204
  await tab.resetPassword('AAAA-BBBB', PASSWORD)
  t.same(heard, [true, false, true, false, true, false])
  stop()
  await tab.requestPasswordReset('ada@example.com')
  tab.onPending(() => heard.push(true))
  tab.close()
  tab.forget('password-reset')
  t.equal(heard.length, 6)
})

t.test('a ticket survives a reload until it expires, and a refused one is forgotten', async (t) => {
  const items = createSessionStorage(t)
  const browser = await open(t)
  const kind = transports[0]?.kind ?? 'cookie'
  let expiresAt = inMinutes(-5)
  answerCalls(browser, {
    'POST /api/auth/password-reset': () => Response.json({ ticket: 'secret', expiresAt }, { status: 202 }),
    'PUT /api/auth/password-reset': () => problem(401, 'TICKET_INVALID')
  })
  const tab = browser.openTab(kind)
  await tab.requestPasswordReset('ada@example.com')
  t.ok(tab.pending('password-reset'), 'the clock of this device may be wrong')
  t.equal(browser.openTab(kind).pending('password-reset'), null)
  expiresAt = inMinutes(5)
  await tab.requestPasswordReset('ada@example.com')
  const reloaded = browser.openTab(kind)
  t.ok(reloaded.pending('password-reset'))
  await t.rejects(reloaded.resetPassword('AAAA-BBBB', PASSWORD), { code: 'TICKET_INVALID' })
  t.equal(reloaded.pending('password-reset'), null)
  t.equal(items.size, 0)

  for (const [name] of [...items]) items.delete(name)
  await tab.requestPasswordReset('ada@example.com')
  for (const name of items.keys()) items.set(name, 'no JSON')
  t.equal(browser.openTab(kind).pending('password-reset'), null)
  Reflect.deleteProperty(globalThis, 'sessionStorage')
  const withoutStorage = browser.openTab(kind)
  await withoutStorage.requestPasswordReset('ada@example.com')
  t.ok(withoutStorage.pending('password-reset'), 'without storage, this page keeps it')
})
