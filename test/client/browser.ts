import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { createClient } from '../../client/src/index.ts'
import type { Environment } from '../../src/plugins/platform/config/settings.ts'
import { build, PASSWORD, signUp } from '../build.ts'

export const BOB = { usernameOrEmail: 'bob', password: PASSWORD }
export const ADA = { usernameOrEmail: 'ada', password: PASSWORD }
export const REFRESH = 'POST /api/auth/token-refresh'

/** Which calls went out, by method and path. */
export type Calls = string[]
/** What the client takes for a browser; without it it shares nothing. */
export const page = { document: {} }

/** The service, really listening, with an account for ada, and a browser. */
export async function open(t: Test, environment: Environment = {}) {
  const app = await build(t, { COOKIE_SECURE: 'false', ...environment })
  await signUp(app, 'ada')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return { app, url, ...createBrowser(url) }
}

export function problem(status: number, code: string, headers: Record<string, string> = {}) {
  const body = { title: '', status, code, detail: 'No', requestId: '1' }
  return new Response(JSON.stringify(body), { status, headers })
}

/** Whose access tokens were sent. */
export const usersOf = (sent: Headers[]) =>
  sent.flatMap((headers) => {
    const [, claims] = headers.get('authorization')?.split('.') ?? []
    return claims ? [JSON.parse(`${Buffer.from(claims, 'base64url')}`).sub as string] : []
  })

/** A fetch with the cookies of a browser, which the tabs of one share. `answer` may answer in place of the service. */
export function createBrowser(baseUrl: string) {
  const jar = new Map<string, { value: string; path: string }>()
  const calls: Calls = []
  const headers: Headers[] = []
  type Answer = Response | null | ((reply: Response) => Promise<Response>)
  let answer: (request: Request) => Answer = () => null

  const send = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    const cookies = [...jar].filter(([, { path }]) => pathname.startsWith(path))
    const sent = new Headers(request.headers)
    if (request.credentials === 'include' && cookies.length > 0)
      sent.set('cookie', cookies.map(([name, { value }]) => `${name}=${value}`).join('; '))
    calls.push(`${request.method} ${pathname}`)
    headers.push(sent)
    const answered = answer(request)
    const replied = answered instanceof Response ? answered : await fetch(new Request(request, { headers: sent }))
    const reply = typeof answered === 'function' ? await answered(replied) : replied
    // A browser keeps no cookie of a reply to a request without credentials.
    for (const line of request.credentials === 'include' ? reply.headers.getSetCookie() : []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      const path = /; Path=([^;]*)/.exec(line)?.[1] ?? '/'
      if (value === '') jar.delete(name)
      else jar.set(name, { value, path })
    }
    return reply
  }

  return {
    /** As a page of another origin calls it, whose tabs are not told. */
    send,
    jar,
    calls,
    headers,
    /** What answers in place of the service from now on; null lets it answer, a function is given its reply. */
    intercept: (by: typeof answer) => {
      answer = by
    },
    count: (call: string) => calls.filter((one) => one === call).length,
    openTab(transport: 'cookie' | 'token') {
      Object.assign(globalThis, page)
      return createClient({ baseUrl, transport, fetch: send as typeof fetch })
    }
  }
}
