import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { buildWith, outcome, post, start } from './calls.ts'

type Reply = { user?: unknown; emails?: unknown; token?: object; iss?: string | null }
const ADA = { id: 42, login: 'ada', name: 'Ada Lovelace' }
const EMAILS = [
  { email: 'old@example.com', primary: false, verified: true },
  { email: 'ada@example.com', primary: true, verified: true }
]

/** A server like GitHub Enterprise, which says what the test wants. */
async function startGitHub(t: Test) {
  let reply: Reply = {}
  async function answer({ url, headers }: IncomingMessage, body: string) {
    const isOwn = headers.authorization === 'Bearer gho_1'
    if (url === '/login/oauth/access_token') {
      const form = new URLSearchParams(body)
      const isRight = form.get('client_secret') === 'secret' && form.get('code') === 'c' && form.get('code_verifier')
      // GitHub answers 200 to a wrong code.
      return isRight
        ? (reply.token ?? { access_token: 'gho_1', token_type: 'bearer' })
        : { error: 'bad_verification_code' }
    }
    if (url === '/api/v3/user' && isOwn) return reply.user ?? ADA
    if (url === '/api/v3/user/emails' && isOwn) return reply.emails ?? EMAILS
    return null
  }
  const server = createServer(async (request, response) => {
    const body = await answer(request, await text(request))
    response.writeHead(body === null ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    setting: (id: string) => `${id}=http://client:secret@127.0.0.1:${port}`,
    agree(url: string, given: Reply = {}, code = 'c') {
      reply = given
      const { iss = `http://127.0.0.1:${port}/login/oauth` } = given
      const state = new URL(url).searchParams.get('state') ?? ''
      return { code, state, ...(iss !== null && { iss }) }
    }
  }
}

t.test('somebody signs up and logs in with GitHub', async (t) => {
  const github = await startGitHub(t)
  const { app } = await buildWith(t, { github })
  t.strictSame((await app.inject('/api/auth/oidc')).json(), { providers: [{ id: 'github', name: 'GitHub' }] })
  async function logIn(reply: Reply = {}, code?: string) {
    const { url, ticket } = await start(app, 'github')
    t.match(Object.fromEntries(new URL(url).searchParams), {
      ...{ scope: 'read:user user:email', code_challenge_method: 'S256', nonce: undefined }
    })
    const response = github.agree(url, reply, code)
    return post(app, '/api/auth/oidc/login', { ticket, response, authType: 'token' })
  }
  for (const emails of [
    [],
    {},
    [{ email: 'ada@example.com', primary: true, verified: false }],
    [{ email: 'ada@example.com', primary: true, verified: 'true' }],
    [{ email: 'ada@example.com', primary: false, verified: true }]
  ])
    t.equal(outcome(await logIn({ emails })), Array.isArray(emails) ? '422 EMAIL_UNVERIFIED' : '401 OIDC_FAILED')
  const refused = await logIn()
  t.match(refused.json(), { code: 'SIGN_UP_REQUIRED', email: 'ada@example.com', name: 'Ada Lovelace' })
  const { ticket } = refused.json()
  const body = { ticket, username: 'ada', name: 'Ada', authType: 'token' }
  t.equal((await post(app, '/api/auth/oidc/signup', body)).statusCode, 201)

  t.match((await logIn({ user: { ...ADA, login: 'countess', name: null } })).json(), { user: { username: 'ada' } })
  t.match((await logIn({ iss: null })).json(), { user: { username: 'ada' } }, 'older servers do not send iss')
  t.equal(outcome(await logIn({ user: { ...ADA, id: 43 } })), '409 ACCOUNT_EXISTS', 'the name alone proves nothing')
  for (const reply of [
    { iss: 'https://github.com/login/oauth' },
    { user: { ...ADA, id: '42' } },
    { user: { login: 'ada' } },
    { token: { access_token: 'another', token_type: 'bearer' } },
    { token: { token_type: 'bearer' } }
  ])
    t.equal(outcome(await logIn(reply)), '401 OIDC_FAILED', JSON.stringify(reply))
  t.equal(outcome(await logIn({}, 'another code')), '401 OIDC_FAILED')
})
