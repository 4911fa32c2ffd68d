import t from 'tap'
import { buildWithLog, logIn, PASSWORD, transports } from '../build.ts'

// Forwarding headers from clients and from proxies: when the service reads them, and that clients cannot forge them.

const PEER = '127.0.0.1'
const long = `1.2.3.4, ${'x'.repeat(10_000)}`
/** Headers, and the client address if the peer is the trusted proxy. */
const rows: [what: string, headers: Record<string, string>, through: string][] = [
  ['one address', { 'x-forwarded-for': '198.51.100.7' }, '198.51.100.7'],
  ['a forged start', { 'x-forwarded-for': '1.2.3.4, 198.51.100.7' }, '198.51.100.7'],
  ['a proxy behind it', { 'x-forwarded-for': '1.2.3.4, 198.51.100.7, 127.0.0.1' }, '198.51.100.7'],
  ['garbage', { 'x-forwarded-for': 'not an address' }, PEER],
  ['a forged start before garbage', { 'x-forwarded-for': '1.2.3.4, "><script>' }, PEER],
  ['nothing', { 'x-forwarded-for': '' }, PEER],
  ['10 kB', { 'x-forwarded-for': long }, PEER],
  ['IPv6', { 'x-forwarded-for': '2001:db8::7' }, '2001:db8::7'],
  ['IPv6 with brackets and port', { 'x-forwarded-for': '[2001:db8::7]:80' }, '2001:db8::7'],
  ['IPv6 with a long zone', { 'x-forwarded-for': `fe80::7%${'a'.repeat(5000)}` }, 'fe80::7'],
  ['IPv4 with port', { 'x-forwarded-for': '198.51.100.7:80' }, '198.51.100.7'],
  ['a zone within brackets', { 'x-forwarded-for': '[fe80::7%eth0]:80' }, 'fe80::7'],
  [
    'a chain in which every hop has a port',
    { 'x-forwarded-for': '1.2.3.4:1, 198.51.100.7:51234, 127.0.0.1:443' },
    '198.51.100.7'
  ],
  ['IPv4 in IPv6', { 'x-forwarded-for': '::ffff:198.51.100.7' }, '198.51.100.7'],
  [
    'the names of others',
    { forwarded: 'for=1.2.3.4', 'x-real-ip': '1.2.3.4', 'client-ip': '1.2.3.4', 'x-client-ip': '1.2.3.4' },
    PEER
  ],
  ['another protocol', { 'x-forwarded-proto': 'http,https' }, PEER],
  ['an unknown protocol', { 'x-forwarded-proto': 'gopher' }, PEER],
  ['another host', { 'x-forwarded-host': 'evil.example', 'x-forwarded-server': 'evil.example' }, PEER],
  [
    'another user, path and method',
    { 'x-user-id': 'root', 'x-original-url': '/livez', 'x-rewrite-url': '/livez', 'x-http-method-override': 'DELETE' },
    PEER
  ]
]

for (const transport of transports) {
  for (const TRUST_PROXY of ['', '10.0.0.0/8', PEER]) {
    t.test(
      `ASVS 4.1.3, 15.3.4: headers about the client, by ${transport.kind} with TRUST_PROXY=${TRUST_PROXY}`,
      async (t) => {
        const { app, lines } = await buildWithLog(t, { TRUST_PROXY })
        const first = await logIn(app, 'ada', transport)
        for (const [what, headers, through] of rows) {
          const address = TRUST_PROXY === PEER ? through : PEER
          const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: transport.kind }
          const login = await app.inject({ method: 'POST', url: '/api/auth/login', payload, headers })
          t.equal(login.statusCode, 200, what)
          t.equal(lines.findLast(({ msg }) => msg === 'request')?.['ip'], address, `${what}: in the log`)
          t.equal(lines.findLast(({ event }) => event === 'session_created')?.['ip'], address, `${what}: in the event`)
          const { sessions } = (
            await app.inject({ method: 'GET', url: '/api/auth/sessions', headers: first.headers })
          ).json()
          const newest = (await app.sessions.listLive(first.user.id, new Date())).toSorted(
            (a, b) => +b.createdAt - +a.createdAt
          )[0]
          t.equal(sessions.find(({ id }: { id: string }) => id === newest?.id)?.ip, address, `${what}: in the list`)
          const set = login.headers['set-cookie']
          if (set) t.match(set, /^__Host-sid=.*; Secure/, what)
          // The service's own origin comes from Host, behind any proxy.
          for (const [origin, isOwn] of [
            ['https://api.example', true],
            ['https://evil.example', false]
          ] as const) {
            const sent = { ...headers, ...first.headers, host: 'api.example', origin }
            const reply = await app.inject({
              method: 'PATCH',
              url: '/api/users/me',
              headers: sent,
              payload: { odd: 1 }
            })
            const isRefused = transport.kind === 'cookie' && !isOwn
            t.equal(reply.statusCode, isRefused ? 403 : 400, `${what}: ${origin}`)
          }
          const other = { ...headers, ...first.headers }
          t.equal(
            (await app.inject({ method: 'GET', url: '/api/users/me', headers: other })).json().id,
            first.user.id,
            what
          )
        }
      }
    )
  }
}
