import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { build, logIn, PASSWORD, randomKey, signUp } from '../../build.ts'
import { encode, forge, type Parts, sha, takeApart } from './forge.ts'
import { token } from './transport.ts'

const KEY = randomKey()
const SECRET_KEY = randomKey()
const now = () => Math.floor(Date.now() / 1000)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
type Row = [string, string, ('INVALID_TOKEN' | 'TOKEN_EXPIRED' | null)?]

/** A token with some claims changed, those that are undefined left out. */
const changed = ({ header, claims }: Parts, changes: object) => forge(header, { ...claims, ...changes }, KEY)
const headed = ({ header, claims }: Parts, changes: object, key = KEY) => forge({ ...header, ...changes }, claims, key)

function signed(alg: string, { header, claims }: Parts, key: string | KeyObject) {
  const input = `${encode({ ...header, alg })}.${encode(claims)}`
  if (typeof key === 'string') return `${input}.${sha(Number(alg.slice(2)), key, input)}`
  const signature = createSign('sha256').update(input).sign({ key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

const algorithms = (parts: Parts): Row[] => [
  ...['none', 'None', 'NONE', 'nOnE', 'none '].flatMap((alg): Row[] => {
    const input = `${encode({ ...parts.header, alg })}.${encode(parts.claims)}`
    return [
      [`${alg} without a signature`, `${input}.`],
      [`${alg} without the last dot`, input],
      [`${alg} with the old signature`, `${input}.${parts.signature}`],
      [`${alg} with an empty key`, `${input}.${sha(256, '', input)}`]
    ]
  }),
  ...['HS384', 'HS512'].map((alg): Row => [alg, signed(alg, parts, KEY)]),
  ['RS256', signed('RS256', parts, rsa.privateKey)],
  ['ES256', signed('ES256', parts, ec.privateKey)],
  ['alg missing', headed(parts, { alg: undefined })],
  ['alg a list', headed(parts, { alg: ['HS256'] })],
  ['alg null', headed(parts, { alg: null })],
  ['alg in lower case', headed(parts, { alg: 'hs256' })]
]

const signatures = (parts: Parts, genuine: string): Row[] => {
  const input = genuine.slice(0, genuine.lastIndexOf('.'))
  const bytes = Buffer.from(parts.signature, 'base64url')
  const flipped = Buffer.from(bytes)
  flipped[0] = (flipped[0] ?? 0) ^ 1
  const keys = ['', 'secret', 'your-256-bit-secret', 'changeme', SECRET_KEY, KEY.slice(0, -1), `${KEY} `]
  return [
    ['removed', `${input}.`],
    ['cut', genuine.slice(0, -2)],
    ['one bit changed', `${input}.${flipped.toString('base64url')}`],
    ['zeroed', `${input}.${Buffer.alloc(32).toString('base64url')}`],
    ['of another token', `${input}.${sha(256, KEY, 'another.token')}`],
    ['doubled', `${genuine}${parts.signature}`],
    ['over other claims', `${encode(parts.header)}.${encode({ ...parts.claims, sub: 'x' })}.${parts.signature}`],
    ...keys.map((key): Row => [`with the key ${key.length}`, forge(parts.header, parts.claims, key)])
  ]
}

const jwk = rsa.publicKey.export({ format: 'jwk' })
const headers = (parts: Parts, otherTyp: string): Row[] => [
  ...Object.entries({ jwk, jku: 'http://127.0.0.1:1/k', x5u: 'http://127.0.0.1:1/k', x5c: ['MIIB'] }).flatMap(
    ([name, value]): Row[] => [
      [
        `${name} with a foreign key`,
        signed('RS256', { ...parts, header: { ...parts.header, [name]: value } }, rsa.privateKey)
      ],
      [`${name} beside our signature`, headed(parts, { [name]: value }), null]
    ]
  ),
  ...['../../../dev/null', "' or 1=1 --", 'x'.repeat(5000), { a: 1 }, 'a\0b'].flatMap((kid): Row[] => [
    ['kid with another key', headed(parts, { kid }, 'another key')],
    ['kid with our key', headed(parts, { kid }), null]
  ]),
  ['crit unknown', headed(parts, { crit: ['x'], x: 1 })],
  ['crit b64', headed(parts, { crit: ['b64'], b64: false })],
  ['crit empty', headed(parts, { crit: [] })],
  ['crit text', headed(parts, { crit: 'exp' })],
  ['zip', headed(parts, { zip: 'DEF' }), null],
  ['typ missing', headed(parts, { typ: undefined })],
  ['typ JWT', headed(parts, { typ: 'JWT' })],
  ['typ of the other kind', headed(parts, { typ: otherTyp })],
  ['typ a list', headed(parts, { typ: [parts.header['typ']] })],
  ['typ null', headed(parts, { typ: null })],
  ...['[]', 'null', '"text"', '5', '{', ''].map((text): Row => [`header ${text}`, forge(text, parts.claims, KEY)]),
  [
    'of two alg the last counts',
    forge(`{"alg":"HS256","typ":"${parts.header['typ']}","alg":"none"}`, parts.claims, KEY)
  ],
  ['of two typ the last counts', forge(`{"alg":"HS256","typ":"${parts.header['typ']}","typ":"JWT"}`, parts.claims, KEY)]
]

const raw = ({ header, claims }: Parts, name: string, json: string) =>
  forge(header, JSON.stringify({ ...claims, [name]: '@' }).replace('"@"', json), KEY)

const times = (parts: Parts): Row[] => [
  ['exp past', changed(parts, { exp: now() - 60 }), 'TOKEN_EXPIRED'],
  ['exp just past the tolerance', changed(parts, { exp: now() - 5 }), 'TOKEN_EXPIRED'],
  ['exp 0', changed(parts, { exp: 0 }), 'TOKEN_EXPIRED'],
  ['exp within the tolerance', changed(parts, { exp: now() - 1 }), null],
  ['exp missing', changed(parts, { exp: undefined })],
  ['exp a text', changed(parts, { exp: `${now() + 60}` })],
  ['exp a list', changed(parts, { exp: [now() + 60] })],
  ['exp null', changed(parts, { exp: null })],
  ['exp negative', changed(parts, { exp: -1 })],
  ['exp a fraction', changed(parts, { exp: now() + 60.5 })],
  ['exp 1e400', raw(parts, 'exp', '1e400')],
  ['nbf ahead', changed(parts, { nbf: now() + 60 })],
  ['nbf a text', changed(parts, { nbf: 'now' })],
  ['nbf past', changed(parts, { nbf: now() - 60 }), null],
  ['iat ahead beyond the tolerance', changed(parts, { iat: now() + 60 })],
  ['iat ahead within the tolerance', changed(parts, { iat: now() + 3 }), null],
  ['iat a text', changed(parts, { iat: `${now()}` })],
  ['iat missing', changed(parts, { iat: undefined })],
  ['iat negative', changed(parts, { iat: -1 })],
  ['iat 1e400', raw(parts, 'iat', '1e400')]
]

const odd = { missing: undefined, empty: '', 'an object': {}, 'a list': [], null: null, 'a number': 5, true: true }

const claims = (parts: Parts, own: string[]): Row[] => [
  ...['iss', 'aud', ...own].flatMap((name): Row[] => {
    const value = parts.claims[name] as string
    return [
      ...Object.entries(odd).flatMap(([what, changedTo]): Row[] =>
        // Of a count five is a fine value, if a wrong one.
        typeof value === 'number' && changedTo === 5 ? [] : [[`${name} ${what}`, changed(parts, { [name]: changedTo })]]
      ),
      [`${name} in a list`, changed(parts, { [name]: [value] })],
      [`${name} in a list of two`, changed(parts, { [name]: ['x', value] })],
      [`${name} with a prefix`, changed(parts, { [name]: `x${value}` })],
      [`${name} with a suffix`, changed(parts, { [name]: `${value}x` })],
      [`${name} shorter`, changed(parts, { [name]: `${value}`.slice(0, -1) })],
      [`${name} in braces`, changed(parts, { [name]: `{${value}}` })]
    ]
  }),
  ...['iss', 'aud', ...own.filter((name) => typeof parts.claims[name] === 'string')].map(
    (name): Row => [`${name} in upper case`, changed(parts, { [name]: `${parts.claims[name]}`.toUpperCase() })]
  ),
  // Only a token that is otherwise perfect has merely expired.
  ...['iss', 'aud', ...own].map(
    (name): Row => [`expired and ${name} missing`, changed(parts, { exp: 1, [name]: undefined })]
  ),
  ['expired and for others', changed(parts, { exp: 1, aud: 'others' })],
  ['expired with another key', forge(parts.header, { ...parts.claims, exp: 1 }, 'another key')],
  ['a claim more', changed(parts, { role: 'admin', kind: 'cookie', alg: 'none' }), null],
  ['of two sid the last counts', forge(parts.header, JSON.stringify(parts.claims).replace('}', ',"sid":"x"}'), KEY)]
]

const payloads = (parts: Parts): Row[] => [
  ...['[]', 'null', '"text"', '5', 'true', '{', ''].map(
    (text): Row => [`payload ${text}`, forge(parts.header, text, KEY)]
  ),
  ['payload in a list', forge(parts.header, [parts.claims], KEY)],
  ['1000 levels deep', raw(parts, 'deep', `${'['.repeat(1000)}${']'.repeat(1000)}`), null],
  ['__proto__', raw(parts, '__proto__', '{"sid":"x"}'), null],
  ['__proto__ in place of the claims', forge(parts.header, `{"__proto__":${JSON.stringify(parts.claims)}}`, KEY)],
  [
    'not UTF-8',
    forge(
      parts.header,
      Buffer.concat([Buffer.from(JSON.stringify(parts.claims).replace('{', '{"x":"')), Buffer.from([0xff])]),
      KEY
    )
  ]
]

const encodings = (parts: Parts, genuine: string): Row[] => {
  const [head = '', body = '', signature = ''] = genuine.split('.')
  const standard = `${encode(parts.header)}.${encode({ ...parts.claims, x: '???>>>' })}`
    .replaceAll('-', '+')
    .replaceAll('_', '/')
  return [
    ['padding', `${genuine}=`],
    ['padding everywhere', `${head}=.${body}==.${signature}=`],
    ['the other alphabet', `${standard}.${sha(256, KEY, standard)}`],
    ['a space inside', `${head}. ${body}.${signature}`],
    ['a line break inside', `${head}.${body}\n.${signature}`],
    ['text behind', `${genuine} x`],
    ['a dot behind', `${genuine}.`],
    ['one dot', `${head}.${body}`],
    ['two dots and nothing', '..'],
    ['four dots, as if encrypted', `${head}.${body}.${signature}.${body}.${signature}`],
    ['no dot', 'token'],
    ['empty', ''],
    ['8 kB of letters', 'a'.repeat(8000)],
    ['8 kB of dots', '.'.repeat(8000)],
    ['the JSON form', JSON.stringify({ protected: head, payload: body, signature })],
    ['in quotes', `"${genuine}"`],
    ['percent-encoded', genuine.replaceAll('.', '%2e')]
  ]
}

/** What a refusal says of itself, but for the request. */
const bodies = new Map<string, string>()

function checkReply(t: Test, reply: Awaited<ReturnType<FastifyInstance['inject']>>, what: string, code: string | null) {
  if (code === null) return t.equal(reply.statusCode, 200, what)
  const { requestId, ...body } = reply.json()
  t.equal(`${reply.statusCode} ${body.code}`, `401 ${code}`, what)
  t.equal(reply.headers['www-authenticate'], 'Bearer error="invalid_token"', what)
  t.equal(reply.headers['set-cookie'], undefined, what)
  const known = bodies.get(code) ?? JSON.stringify(body)
  bodies.set(code, known)
  t.equal(JSON.stringify(body), known, `one body for ${code}`)
}

t.test('access tokens', async (t) => {
  const app = await build(t, { JWT_SECRET_KEY: KEY, SECRET_KEY })
  const { headers: genuineHeaders, body } = await logIn(app, 'ada', token)
  const genuine = genuineHeaders['authorization']?.slice(7) ?? ''
  const parts = takeApart(genuine)

  t.test('have exactly the documented header and claims', async (t) => {
    t.strictSame(parts.header, { alg: 'HS256', typ: 'at+jwt' })
    t.strictSame(Object.keys(parts.claims).sort(), ['aud', 'auth_time', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
    t.match(parts.claims, { iss: 'fastify-minimal-starter', aud: 'fastify-minimal-starter' })
    t.equal(Number(parts.claims['exp']) - Number(parts.claims['iat']), 900)
    t.equal(forge(parts.header, parts.claims, KEY), genuine, 'signed by the bytes of the key: others can verify')
  })

  const rows = {
    algorithm: algorithms(parts),
    signature: signatures(parts, genuine),
    header: headers(parts, 'rt+jwt'),
    time: times(parts),
    claims: claims(parts, ['sub', 'sid', 'jti', 'auth_time']),
    payload: payloads(parts),
    encoding: encodings(parts, genuine)
  }
  for (const [group, table] of Object.entries(rows)) {
    t.test(`are refused for what is wrong with the ${group}`, async (t) => {
      // Twice, since the second answer may come from a cache.
      for (const [what, forged, code = 'INVALID_TOKEN'] of [...table, ...table]) {
        const sent = { authorization: `Bearer ${forged}` }
        const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: sent })
        checkReply(t, reply, what, code)
        if (code === null) t.equal(reply.json().sessionId, parts.claims['sid'], `without any effect: ${what}`)
      }
    })
  }

  t.test('are no refresh tokens, nor the other way round', async (t) => {
    const payload = { refreshToken: genuine }
    const refresh = await app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })
    checkReply(t, refresh, 'access as refresh', 'INVALID_TOKEN')
    const sent = { authorization: `Bearer ${body['refreshToken']}` }
    const whoami = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: sent })
    checkReply(t, whoami, 'refresh as access', 'INVALID_TOKEN')
  })

  t.test('count in Authorization only, after one space, whatever the case of Bearer', async (t) => {
    const table: [string, Record<string, string>, string | null][] = [
      ['lower case', { authorization: `bearer ${genuine}` }, null],
      ['upper case', { authorization: `BEARER ${genuine}` }, null],
      ['two spaces', { authorization: `Bearer  ${genuine}` }, 'INVALID_TOKEN'],
      ['a tab', { authorization: `Bearer\t${genuine}` }, 'INVALID_TOKEN'],
      ['two headers', { authorization: `Bearer ${genuine}, Bearer ${genuine}` }, 'INVALID_TOKEN'],
      ['only the scheme', { authorization: 'Bearer' }, 'INVALID_TOKEN'],
      ['the scheme and a space', { authorization: 'Bearer ' }, 'INVALID_TOKEN'],
      ['no scheme', { authorization: genuine }, 'UNAUTHENTICATED'],
      ['basic', { authorization: `Basic ${genuine}` }, 'UNAUTHENTICATED'],
      ['another scheme', { authorization: `BearerToken ${genuine}` }, 'UNAUTHENTICATED'],
      ['a cookie', { cookie: `access_token=${genuine}; __Host-sid=${genuine}` }, 'UNAUTHENTICATED'],
      ['another header', { 'x-access-token': genuine }, 'UNAUTHENTICATED']
    ]
    for (const [what, sent, code] of table) {
      const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: sent })
      t.equal(reply.statusCode, code === null ? 200 : 401, what)
      t.equal(reply.json().code, code ?? undefined, what)
    }
    const query = await app.inject({ method: 'GET', url: `/api/auth/whoami?access_token=${genuine}` })
    t.equal(query.json().code, 'UNAUTHENTICATED')
  })

  t.test('that were refused only for their time are taken when it has come, and refused when it is over', async (t) => {
    const ahead = changed(parts, { iat: now() + 60 })
    const verify = (at: number) => app.tokens.verifyAccess(ahead, new Date(at * 1000))
    t.throws(() => verify(now()), { code: 'INVALID_TOKEN' })
    t.equal(verify(now() + 60).sid, parts.claims['sid'])
    t.throws(() => verify(Number(parts.claims['exp']) + 5), { code: 'TOKEN_EXPIRED' })
    t.throws(() => verify(now()), { code: 'INVALID_TOKEN' })
  })

  t.test('neither read nor set a cookie', async (t) => {
    await signUp(app, 'eve')
    const payload = { usernameOrEmail: 'eve', password: PASSWORD, authType: 'token' }
    const eve = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    t.equal(eve.headers['set-cookie'], undefined)
    const sent = { ...genuineHeaders, cookie: '__Host-sid=x.y' }
    for (const url of ['/api/auth/whoami', '/api/users/me', '/api/auth/check-auth']) {
      const reply = await app.inject({ method: 'GET', url, headers: sent })
      t.equal(reply.statusCode, 200)
      t.equal(reply.headers['set-cookie'], undefined, url)
    }
  })

  t.test('of a login that was ended are refused in every form, and only signed ones say so', async (t) => {
    const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers: genuineHeaders })
    t.equal(logout.statusCode, 204)
    const last = genuine.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const at = alphabet.indexOf(last)
    // The last character has two bits that do not count.
    const sameBytes = [0, 1, 2, 3].map((bits) => `${genuine.slice(0, -1)}${alphabet[at - (at % 4) + bits]}`)
    for (const form of [...sameBytes, changed(parts, { x: 1 }), headed(parts, { kid: 'x' })]) {
      const sent = { authorization: `Bearer ${form}` }
      const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: sent })
      checkReply(t, reply, 'an ended login', 'TOKEN_REVOKED')
    }
    const unsigned = { authorization: `Bearer ${forge(parts.header, parts.claims, 'another key')}` }
    const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: unsigned })
    checkReply(t, reply, 'unsigned', 'INVALID_TOKEN')
    const payload = { refreshToken: body['refreshToken'] }
    const refresh = await app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })
    checkReply(t, refresh, 'its refresh token', 'TOKEN_REVOKED')
  })
})

t.test('refresh tokens', async (t) => {
  const app = await build(t, { JWT_SECRET_KEY: KEY, SECRET_KEY })
  const { body } = await logIn(app, 'ada', token)
  const genuine = body['refreshToken'] ?? ''
  const parts = takeApart(genuine)

  t.test('have exactly the documented header and claims', async (t) => {
    t.strictSame(parts.header, { alg: 'HS256', typ: 'rt+jwt' })
    t.strictSame(Object.keys(parts.claims).sort(), ['aud', 'exp', 'gen', 'iat', 'iss', 'sid'])
    t.match(parts.claims, { iss: 'fastify-minimal-starter', aud: 'fastify-minimal-starter/refresh', gen: 0 })
    t.equal(Number(parts.claims['exp']) - Number(parts.claims['iat']), 30 * 86_400)
    t.equal(forge(parts.header, parts.claims, KEY), genuine)
  })

  const rows = {
    algorithm: algorithms(parts),
    signature: signatures(parts, genuine),
    header: headers(parts, 'at+jwt'),
    time: times(parts),
    claims: claims(parts, ['sid', 'gen']),
    generation: [-1, 0.5, '0', 1, 2 ** 53, Number.MAX_SAFE_INTEGER].map(
      (gen): Row => [`gen ${gen}`, changed(parts, { gen })]
    ),
    payload: payloads(parts),
    encoding: encodings(parts, genuine)
  }
  for (const [group, table] of Object.entries(rows)) {
    t.test(`are refused for what is wrong with the ${group}`, async (t) => {
      for (const [what, refreshToken, code = 'INVALID_TOKEN'] of table) {
        const reply = await app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload: { refreshToken } })
        checkReply(t, reply, what, code)
        if (code === null) t.equal(reply.json().refreshToken, genuine, `without any effect: ${what}`)
      }
    })
  }

  t.test('are a text in a closed body', async (t) => {
    for (const payload of [{}, { refreshToken: null }, { refreshToken: 5 }, { refreshToken: [genuine] }]) {
      const reply = await app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })
      t.equal(`${reply.statusCode} ${reply.json().code}`, '400 VALIDATION_FAILED')
      t.equal(reply.json().errors[0].pointer, '/refreshToken')
    }
    const payload = { refreshToken: genuine, sid: 'x' }
    const reply = await app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })
    t.equal(`${reply.statusCode} ${reply.json().errors[0].pointer}`, '400 /sid')
  })
})

t.test('the first key signs and all verify', async (t) => {
  const newKey = randomKey()
  const DB_URI = `file:${t.testdir()}/app.db`
  const before = await build(t, { DB_URI, JWT_SECRET_KEY: KEY })
  const { headers, body } = await logIn(before, 'ada', token)
  const whoami = (app: FastifyInstance, sent = headers) =>
    app.inject({ method: 'GET', url: '/api/auth/whoami', headers: sent })
  const payload = { refreshToken: body['refreshToken'] }

  const during = await build(t, { DB_URI, JWT_SECRET_KEY: `${newKey},${KEY}` })
  t.equal((await whoami(during)).statusCode, 200)
  const refreshed = await during.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })
  t.equal(refreshed.statusCode, 200)
  const { accessToken, refreshToken } = refreshed.json()
  const { header, claims } = takeApart(accessToken)
  t.equal(forge(header, claims, newKey), accessToken)
  const expired = { authorization: `Bearer ${forge(header, { ...claims, exp: 1 }, KEY)}` }
  t.equal((await whoami(during, expired)).json().code, 'TOKEN_EXPIRED', 'the second key is as good')

  const after = await build(t, { DB_URI, JWT_SECRET_KEY: newKey })
  t.equal((await whoami(after, { authorization: `Bearer ${accessToken}` })).statusCode, 200)
  const gone = await whoami(after)
  t.equal(`${gone.statusCode} ${gone.json().code}`, '401 INVALID_TOKEN')
  const old = await after.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })
  t.equal(`${old.statusCode} ${old.json().code}`, '401 INVALID_TOKEN')
  const next = await after.inject({ method: 'POST', url: '/api/auth/token-refresh', payload: { refreshToken } })
  t.equal(next.statusCode, 200)
})
