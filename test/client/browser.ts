import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { delays } from '../../client/src/delays.ts'
import { createClient } from '../../client/src/index.ts'
import type { Environment } from '../../src/plugins/platform/config/settings.ts'
import { build, PASSWORD, signUp } from '../build.ts'

export const BOB = { usernameOrEmail: 'bob', password: PASSWORD }
export const ADA = { usernameOrEmail: 'ada', password: PASSWORD }
export const REFRESH = 'POST /api/auth/token-refresh'

delays.lingerMs = 20
/** Resolves when the messages that tabs have sent are likely to have arrived. */
export const messagesArrive = () => new Promise((resolve) => setTimeout(resolve, 50))

/** The service on a real port, with an account for ada, and a browser. */
export async function open(t: Test, environment: Environment = {}) {
  const app = await build(t, { COOKIE_SECURE: 'false', ...environment })
  // After a call that was aborted, Node opens a connection that it does not use, and the server would wait for its first request.
  t.teardown(() => {
    app.server.on('connection', (socket) => socket.destroy())
    app.server.closeAllConnections()
  })
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

/** The ids of the users whose access tokens were sent. */
export const usersOf = (sent: Headers[]) =>
  sent.flatMap((headers) => {
    const [, claims] = headers.get('authorization')?.split('.') ?? []
    return claims ? [JSON.parse(`${Buffer.from(claims, 'base64url')}`).sub as string] : []
  })

/** A `fetch` with the cookie jar of a browser, which all its tabs share. `answer` can reply instead of the service. */
export function createBrowser(baseUrl: string) {
  const jar = new Map<string, { value: string; path: string }>()
  /** Method and path of each request. */
  const calls: string[] = []
  const headers: Headers[] = []
  type Answer = Response | Promise<Response> | null | ((reply: Response) => Promise<Response>)
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
    const answered = await answer(request)
    const replied = answered instanceof Response ? answered : await fetch(new Request(request, { headers: sent }))
    const reply = typeof answered === 'function' ? await answered(replied) : replied
    // Browsers ignore cookies in the reply to a request without credentials.
    for (const line of request.credentials === 'include' ? reply.headers.getSetCookie() : []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      const path = /; Path=([^;]*)/.exec(line)?.[1] ?? '/'
      if (value === '') jar.delete(name)
      else jar.set(name, { value, path })
    }
    return reply
  }

  return {
    /** Calls the service as a page of another origin does: no tab gets a message. */
    send,
    jar,
    calls,
    headers,
    /** Sets what replies instead of the service. Null lets the service reply, and a function changes its reply. */
    intercept: (by: typeof answer) => {
      answer = by
    },
    count: (call: string) => calls.filter((one) => one === call).length,
    openTab(transport: 'cookie' | 'token') {
      // What tells the client that it runs in a browser.
      Object.assign(globalThis, { document: {} })
      return createClient({ baseUrl, transport, fetch: send as typeof fetch })
    }
  }
}

/** The storage of one tab, which reloads keep. */
export function createSessionStorage(t: Test) {
  const items = new Map<string, string>()
  const before = Object.getOwnPropertyDescriptor(globalThis, 'sessionStorage')
  const value = {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, text: string) => void items.set(name, text),
    removeItem: (name: string) => void items.delete(name)
  }
  Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, value })
  t.teardown(() => {
    if (before) Object.defineProperty(globalThis, 'sessionStorage', before)
    else Reflect.deleteProperty(globalThis, 'sessionStorage')
  })
  return items
}
