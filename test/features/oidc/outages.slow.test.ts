import { createServer } from 'node:net'
import t from 'tap'
import { backends, build, logIn, type Transport, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { buildWith, claimsOf, comeBack, IDENTITIES, LOGIN, logInWith, outcome, post, signUpWith } from './calls.ts'
import { REDIRECT_URI, startProvider, type Trouble } from './provider.ts'

const transport = transports[0] as Transport
const answer =
  (status: number, body = '{}', type = 'application/json'): Trouble =>
  (request, response) => {
    request.resume()
    response.writeHead(status, { 'content-type': type }).end(body)
  }
const hangUp: Trouble = (request) => request.socket.destroy()
const endless: Trouble = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const more = () => void (response.writableEnded || response.destroyed || response.write('x'.repeat(65_536), more))
  more()
}

// The slow run walks this on every backend.
for (const backend of backends)
  t.test(`a provider that is down is a 503 of its own, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const [provider, other] = [await startProvider(t), await startProvider(t)]
    const { app, lines } = await buildWith(t, { test: provider, other }, await backend.environment())
    const DISCOVERY = '/.well-known/openid-configuration'
    const begin = async () => outcome(await post(app, '/api/auth/oidc/test', {}))
    const metadata = (more: object) => JSON.stringify({ issuer: provider.issuer, ...more })
    for (const [name, trouble] of Object.entries({
      'an error': answer(500),
      'too many requests': answer(429),
      'not found': answer(404),
      'a redirect': answer(302),
      'no JSON': answer(200, '<html>', 'text/html'),
      'broken JSON': answer(200, '{'),
      'another issuer': answer(200, JSON.stringify({ issuer: 'https://evil.test' })),
      'no addresses': answer(200, metadata({})),
      'an address that is no page': answer(200, metadata({ authorization_endpoint: 'javascript:alert(1)' })),
      'no connection': hangUp,
      'more than fits into memory': endless
    })) {
      provider.troubles.set(DISCOVERY, trouble)
      t.equal(await begin(), '503 PROVIDER_UNAVAILABLE', name)
    }
    t.equal(outcome(await post(app, '/api/auth/oidc/other', {})), '200', 'the other one works')
    t.equal(outcome(await post(app, '/api/auth/oidc/unknown', {})), '404 PROVIDER_NOT_FOUND')
    t.equal((await app.inject('/readyz')).json().status, 'ok', 'it concerns nobody else')
    provider.troubles.clear()
    t.equal(await begin(), '200', 'at once when it is back')

    t.equal((await signUpWith(app, transport, provider, 'ada')).statusCode, 201)
    const claims = claimsOf('ada')
    const proof = await comeBack(app, provider, { claims })
    const body = { ...proof, authType: transport.kind }
    for (const path of ['/token', '/keys']) {
      const again =
        path === '/keys' ? { ...(await comeBack(app, provider, { claims })), authType: transport.kind } : body
      if (path === '/keys') provider.rotateKeys()
      provider.troubles.set(path, answer(503))
      t.equal(outcome(await post(app, LOGIN, again)), '503 PROVIDER_UNAVAILABLE', path)
      provider.troubles.clear()
    }
    t.equal(outcome(await post(app, LOGIN, body)), '200', 'the same response works when it is back')
    provider.rotateKeys()
    t.equal((await logInWith(app, transport, provider, { claims })).statusCode, 200, 'new keys work at once')
    const fetched = provider.calls.filter((path) => path === '/keys').length
    t.equal((await logInWith(app, transport, provider, { claims })).statusCode, 200)
    t.equal(provider.calls.filter((path) => path === '/keys').length, fetched, 'known keys are kept')
    t.notOk(lines.some(({ event }) => event === 'dependency_down'))
    await provider.stop()
    t.equal(await begin(), '200', 'its addresses are kept')
    t.equal(outcome(await logInWith(app, transport, provider, { claims })), '503 PROVIDER_UNAVAILABLE')
    t.ok((await logIn(app, 'eve', transport)).sid, 'passwords need no provider')
  })

t.test('a provider that does not answer holds nobody else up, and gets one request', async (t) => {
  let connections = 0
  const silent = createServer(() => void connections++)
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  t.teardown(() => silent.close())
  const { port } = silent.address() as { port: number }
  const app = await build(t, {
    OIDC_PROVIDERS: `test=http://client:secret@127.0.0.1:${port}`,
    OIDC_REDIRECT_URI: REDIRECT_URI
  })
  const ada = await logIn(app, 'ada', transport)
  const started = performance.now()
  const waiting = Promise.all(Array.from({ length: 20 }, () => post(app, '/api/auth/oidc/test', {})))
  t.equal((await call(app, ada, `GET ${IDENTITIES}`)).statusCode, 200)
  t.ok(performance.now() - started < 4000)
  t.same(new Set((await waiting).map(outcome)), new Set(['503 PROVIDER_UNAVAILABLE']))
  t.ok(performance.now() - started >= 4000, 'it had its time')
  t.equal(connections, 1)
})

t.test('ASVS 15.2.2: a provider that does not answer gets at most 50 requests at once', async (t) => {
  const [provider, other] = [await startProvider(t), await startProvider(t)]
  const { app } = await buildWith(t, { test: provider, other })
  const { promise: recovery, resolve: recover } = Promise.withResolvers<string>()
  let open = 0
  let most = 0
  provider.troubles.set('/token', (_request, response) => {
    most = Math.max(most, ++open)
    response.once('close', () => open--)
    return recovery
  })
  // A ticket may be tried five times.
  const proofs = await Promise.all(Array.from({ length: 12 }, () => comeBack(app, provider)))
  const logIn = (proof: object) => post(app, LOGIN, { ...proof, authType: transport.kind })
  const logins = proofs.flatMap((proof) => Array.from({ length: 5 }, () => logIn(proof)))
  const refused: string[] = []
  const { promise: isFull, resolve: fill } = Promise.withResolvers<void>()
  for (const login of logins) void login.then((reply) => refused.push(outcome(reply)) === 10 && fill())
  await isFull
  t.same(new Set(refused), new Set(['503 PROVIDER_UNAVAILABLE']), 'the others are refused')
  t.equal(outcome(await post(app, '/api/auth/oidc/other', {})), '200', 'another provider has requests of its own')
  recover('go on')
  await Promise.all(logins)
  t.ok(most > 0 && most <= 50, `${most} at once`)
  t.equal(outcome(await logInWith(app, transport, provider, { claims: claimsOf('ada') })), '409 SIGN_UP_REQUIRED')
})

t.test('a proof for a user who was deleted meanwhile logs in nobody', async (t) => {
  const provider = await startProvider(t)
  const { app } = await buildWith(t, { test: provider })
  const { user } = (await signUpWith(app, transport, provider, 'ada')).json()
  provider.troubles.set('/token', async () => {
    await app.revocations.deleteUser(app, user.id, new Date())
    return 'go on'
  })
  const reply = await logInWith(app, transport, provider, { claims: claimsOf('ada') })
  t.equal(outcome(reply), '409 SIGN_UP_REQUIRED', 'the identity went with the account')
})
