import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

// A provider of OpenID Connect that does what it is told, right or wrong. That of real.ts only does what is right.

export const CLIENT = { id: 'the client', secret: 'se:cr/et,1' }
export const REDIRECT_URI = 'https://app.example.com/callback'

type Claims = Record<string, unknown>
/** Who logs in there, and what is wrong with the replies about it. */
export type Agreement = {
  claims?: Claims
  /** In place of the profile in the ID token. */
  userinfo?: Claims
  /** The `iss` of the response (RFC 9207); null: none. */
  iss?: string | null
  header?: Claims
  signedBy?: KeyObject
  /** Other bytes for the signature, by what is signed. */
  signature?: (input: string) => string
  tokenReply?: Claims
  noIdToken?: boolean
}
/** What the server does with a request to a path; it answers as usual only if this resolves with 'go on'. */
export type Trouble = (request: IncomingMessage, response: ServerResponse) => unknown

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const newKey = () => ({ kid: randomUUID(), ...generateKeyPairSync('rsa', { modulusLength: 2048 }) })

/** `isForgetful`: it accepts a code again. */
export async function startProvider(t: Test, metadata: Claims = {}, { isForgetful = false } = {}) {
  const codes = new Map<string, { query: URLSearchParams; agreement: Agreement }>()
  const profiles = new Map<string, Claims>()
  const calls: string[] = []
  const troubles = new Map<string, Trouble>()
  let key = newKey()

  function idToken({ query, agreement }: { query: URLSearchParams; agreement: Agreement }) {
    const { claims = {}, header = {}, signedBy = key.privateKey, signature } = agreement
    const now = Math.floor(Date.now() / 1000)
    const usual = { iss: issuer, aud: CLIENT.id, sub: 'ada-1', nonce: query.get('nonce'), iat: now, exp: now + 300 }
    const input = `${base64url({ alg: 'RS256', kid: key.kid, ...header })}.${base64url({ ...usual, ...claims })}`
    const signed = signature ? signature(input) : sign('sha256', Buffer.from(input), signedBy).toString('base64url')
    return `${input}.${signed}`
  }

  /** The client proves itself by its secret, and by the verifier whose hash began all this. */
  function findFault(headers: IncomingMessage['headers'], form: URLSearchParams, query: URLSearchParams | undefined) {
    const [user = '', password = ''] = Buffer.from(`${headers.authorization}`.slice(6), 'base64').toString().split(':')
    const decode = (value: string) => decodeURIComponent(value.replaceAll('+', ' '))
    if (decode(user) !== CLIENT.id || decode(password) !== CLIENT.secret) return 'invalid_client'
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (query?.get('code_challenge') !== challenge) return 'invalid_grant'
    return form.get('redirect_uri') === query.get('redirect_uri') ? null : 'invalid_grant'
  }

  async function exchange(request: IncomingMessage): Promise<[number, Claims]> {
    const form = new URLSearchParams(await text(request))
    const code = form.get('code') ?? ''
    const asked = codes.get(code)
    const error = findFault(request.headers, form, asked?.query)
    if (error !== null || !asked) return [400, { error }]
    if (!isForgetful) codes.delete(code)
    const token = randomUUID()
    const { claims = {}, userinfo = {}, tokenReply, noIdToken } = asked.agreement
    profiles.set(token, { sub: claims['sub'] ?? 'ada-1', ...userinfo })
    const id_token = noIdToken ? undefined : idToken(asked)
    return [200, { access_token: token, token_type: 'Bearer', expires_in: 60, id_token, ...tokenReply }]
  }

  const paths: Record<string, (request: IncomingMessage) => Promise<[number, unknown]>> = {
    '/.well-known/openid-configuration': async () => [
      200,
      {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        userinfo_endpoint: `${issuer}/userinfo`,
        authorization_response_iss_parameter_supported: true,
        ...metadata
      }
    ],
    '/keys': async () => [200, { keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, use: 'sig' }] }],
    '/token': exchange,
    '/userinfo': async ({ headers }) => {
      const profile = profiles.get(`${headers.authorization}`.replace('Bearer ', ''))
      return profile ? [200, profile] : [401, {}]
    }
  }
  const server = createServer(async (request, response) => {
    const path = request.url ?? ''
    calls.push(path)
    const trouble = troubles.get(path) ?? troubles.get('*')
    if (trouble && (await trouble(request, response)) !== 'go on') return
    const [status, body] = (await paths[path]?.(request)) ?? [404, {}]
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`
  async function stop() {
    server.closeAllConnections()
    server.close()
  }
  t.teardown(stop)

  return {
    issuer,
    calls,
    troubles,
    stop,
    /** Its entry in OIDC_PROVIDERS. */
    setting: (id: string) =>
      `${id}=http://${encodeURIComponent(CLIENT.id)}:${encodeURIComponent(CLIENT.secret)}@127.0.0.1:${port}`,
    get key() {
      return key
    },
    rotateKeys() {
      key = newKey()
    },
    /** Somebody agrees on the page of the provider: returns the query with which they come back. */
    agree(url: string, agreement: Agreement = {}) {
      const query = new URL(url).searchParams
      const code = randomUUID()
      codes.set(code, { query, agreement })
      const { iss = issuer } = agreement
      return `?${new URLSearchParams({ code, state: query.get('state') ?? '', ...(iss !== null && { iss }) })}`
    },
    hmac: (secret: string) => (input: string) => createHmac('sha256', secret).update(input).digest('base64url')
  }
}
export type FakeProvider = Awaited<ReturnType<typeof startProvider>>
