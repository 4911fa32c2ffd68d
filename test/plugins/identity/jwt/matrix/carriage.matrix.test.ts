import { once } from 'node:events'
import { request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, logIn, transports } from '../../../../build.ts'
import { encode, sha } from '../forge.ts'
import { token } from '../transport.ts'
import {
  checkReply,
  checkTable,
  forEachTarget,
  KEY,
  keyring,
  type Row,
  refresh,
  sampledBackends,
  type Target,
  whoami
} from './target.ts'

function encodings({ genuine, parts }: Target): Row[] {
  const [head = '', body = '', signature = ''] = genuine.split('.')
  const standard = `${encode(parts.header)}.${encode({ ...parts.claims, x: '???>>>' })}`
    .replaceAll('-', '+')
    .replaceAll('_', '/')
  const encrypted = encode({ ...parts.header, alg: 'dir', enc: 'A256GCM' })
  return [
    ['padding', `${genuine}=`],
    ['padding everywhere', `${head}=.${body}==.${signature}=`],
    ['the other alphabet', `${standard}.${sha(256, KEY, standard)}`],
    ['a space inside', `${head}. ${body}.${signature}`],
    ['a tab inside', `${head}.\t${body}.${signature}`],
    ['a line break inside', `${head}.${body}\n.${signature}`],
    ['a line break behind', `${genuine}\n`],
    ['text behind', `${genuine} x`],
    ['a character behind', `${genuine}A`],
    ['a character before', `A${genuine}`],
    ['a dot behind', `${genuine}.`],
    ['a dot before', `.${genuine}`],
    ['one dot', `${head}.${body}`],
    ['two dots and nothing', '..'],
    ['no header', `.${body}.${signature}`],
    ['no payload', `${head}..${signature}`],
    ['four dots, as if encrypted', `${head}.${body}.${signature}.${body}.${signature}`],
    ['encrypted', `${encrypted}..${body}.${body}.${signature}`],
    ['encrypted, in three parts', `${encrypted}.${body}.${sha(256, KEY, `${encrypted}.${body}`)}`],
    ['no dot', 'token'],
    ['empty', ''],
    ['8 kB of letters', 'a'.repeat(8000)],
    ['8 kB of dots', '.'.repeat(8000)],
    ['8 kB of header', `${'A'.repeat(8000)}.${body}.${signature}`],
    ['the JSON form', JSON.stringify({ protected: head, payload: body, signature })],
    ['in quotes', `"${genuine}"`],
    ['percent-encoded', genuine.replaceAll('.', '%2e')],
    ['encoded twice', encode(genuine)]
  ]
}

t.test('ASVS 9.1.1, 16.5.1: a token is three parts in base64url and nothing else', (t) =>
  forEachTarget(t, (t, target) => checkTable(t, target, encodings(target)))
)

/** Over a socket, with the header fields as they are: the status and the code. */
async function get(app: FastifyInstance, fields: string[]) {
  const { port } = app.server.address() as AddressInfo
  const request = send({ port, host: '127.0.0.1', path: '/api/auth/whoami' })
  request.setHeader('authorization', fields)
  request.end()
  const [response] = await once(request, 'response')
  const text = (await response.toArray()).join('')
  return `${response.statusCode} ${JSON.parse(text).code ?? JSON.parse(text).sessionId}`
}

for (const backend of sampledBackends) {
  t.test(`carried on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, { ...(await backend.environment()), ...keyring })
    const { body, headers, sid } = await logIn(app, 'ada', token)
    const { accessToken: genuine = '', refreshToken = '' } = body

    t.test('ASVS 9.2.2: access and refresh tokens cannot replace each other', async (t) => {
      checkReply(t, await refresh(app, genuine), 'access as refresh', 'INVALID_TOKEN')
      checkReply(t, await whoami(app, refreshToken), 'refresh as access', 'INVALID_TOKEN')
    })

    t.test('in Authorization only, after one space, with Bearer in any case', async (t) => {
      const table: [string, Record<string, string>, string | null][] = [
        ['lower case', { authorization: `bearer ${genuine}` }, null],
        ['upper case', { authorization: `BEARER ${genuine}` }, null],
        ['two spaces', { authorization: `Bearer  ${genuine}` }, 'INVALID_TOKEN'],
        ['a tab', { authorization: `Bearer\t${genuine}` }, 'INVALID_TOKEN'],
        ['two in one', { authorization: `Bearer ${genuine}, Bearer ${genuine}` }, 'INVALID_TOKEN'],
        ['a parameter', { authorization: `Bearer ${genuine},x=1` }, 'INVALID_TOKEN'],
        ['as a parameter', { authorization: `Bearer token=${genuine}` }, 'INVALID_TOKEN'],
        ['a colon behind the scheme', { authorization: `Bearer: ${genuine}` }, 'INVALID_TOKEN'],
        ['only the scheme', { authorization: 'Bearer' }, 'INVALID_TOKEN'],
        ['the scheme and a space', { authorization: 'Bearer ' }, 'INVALID_TOKEN'],
        ['no scheme', { authorization: genuine }, 'UNAUTHENTICATED'],
        ['basic', { authorization: `Basic ${genuine}` }, 'UNAUTHENTICATED'],
        ['the word bearer behind another scheme', { authorization: 'Basic bearer' }, 'UNAUTHENTICATED'],
        ['another scheme', { authorization: `BearerToken ${genuine}` }, 'UNAUTHENTICATED'],
        ['DPoP', { authorization: `DPoP ${genuine}` }, 'UNAUTHENTICATED'],
        ['a cookie', { cookie: `access_token=${genuine}; __Host-sid=${genuine}` }, 'UNAUTHENTICATED'],
        ['another header', { 'x-access-token': genuine }, 'UNAUTHENTICATED'],
        ['that of a proxy', { 'proxy-authorization': `Bearer ${genuine}` }, 'UNAUTHENTICATED']
      ]
      for (const [what, sent, code] of table) {
        const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: sent })
        t.equal(reply.statusCode, code === null ? 200 : 401, what)
        t.equal(reply.json().code, code ?? undefined, what)
        const challenge = code === 'INVALID_TOKEN' ? 'Bearer error="invalid_token"' : 'Bearer'
        if (code !== null) t.equal(reply.headers['www-authenticate'], challenge, what)
      }
      const query = await app.inject({ method: 'GET', url: `/api/auth/whoami?access_token=${genuine}` })
      t.equal(query.json().code, 'UNAUTHENTICATED')
      const payload = { access_token: genuine, accessToken: genuine }
      const inBody = await app.inject({ method: 'PATCH', url: '/api/users/me', payload })
      t.equal(inBody.json().code, 'UNAUTHENTICATED')
    })

    t.test('in two header fields, where a valid one does not make up for an invalid one', async (t) => {
      await app.listen({ port: 0, host: '127.0.0.1' })
      t.equal(await get(app, [`Bearer ${genuine}`]), `200 ${sid}`)
      t.equal(await get(app, [`Bearer ${genuine}`, 'Bearer x']), '401 INVALID_TOKEN')
      t.equal(await get(app, ['Bearer x', `Bearer ${genuine}`]), '401 INVALID_TOKEN')
      t.equal(await get(app, [`Bearer ${genuine}`, `Bearer ${genuine}`]), '401 INVALID_TOKEN')
    })

    t.test('refresh tokens are a string in a closed body', async (t) => {
      for (const payload of [{}, { refreshToken: null }, { refreshToken: 5 }, { refreshToken: [refreshToken] }]) {
        const reply = await app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })
        t.equal(`${reply.statusCode} ${reply.json().code}`, '400 VALIDATION_FAILED')
        t.equal(reply.json().errors[0].pointer, '/refreshToken')
      }
      const payload = { refreshToken, sid: 'x' }
      const reply = await app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })
      t.equal(`${reply.statusCode} ${reply.json().errors[0].pointer}`, '400 /sid')
      const elsewhere = { authorization: `Bearer ${refreshToken}`, cookie: `refreshToken=${refreshToken}` }
      const url = `/api/auth/token-refresh?refreshToken=${refreshToken}`
      const outside = await app.inject({ method: 'POST', url, headers: elsewhere, payload: {} })
      t.equal(outside.json().code, 'VALIDATION_FAILED')
    })

    t.test('without reading or setting a cookie', async (t) => {
      const cookieUser = await logIn(app, 'eve', transports.find(({ kind }) => kind === 'cookie') ?? token)
      const cookie = cookieUser.headers['cookie'] ?? '__Host-sid=x.y'
      for (const url of ['/api/auth/whoami', '/api/users/me', '/api/auth/check-auth']) {
        const reply = await app.inject({ method: 'GET', url, headers: { ...headers, cookie } })
        t.equal(reply.statusCode, 200)
        t.equal(reply.headers['set-cookie'], undefined, url)
        t.notMatch(reply.body, cookieUser.user.id, 'it acts as the user of the token')
      }
      const bad = { authorization: 'Bearer x', cookie }
      for (const url of ['/api/auth/whoami', '/api/users/me']) {
        checkReply(t, await app.inject({ method: 'GET', url, headers: bad }), url, 'INVALID_TOKEN')
      }
      const payload = { usernameOrEmail: 'eve', password: 'a long first password', authType: 'token' }
      const login = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
      t.equal(login.statusCode, 200)
      t.equal(login.headers['set-cookie'], undefined)
    })
  })
}
