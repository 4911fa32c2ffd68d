import { createClient } from '../../client/src/index.ts'

/** Which calls went out, by method and path. */
export type Calls = string[]
/** What the client takes for a browser; without it it shares nothing. */
export const page = { document: {} }

/** A channel ends with the page. Here it lets the process end. */
class PageChannel extends BroadcastChannel {
  constructor(name: string) {
    super(name)
    ;(this as unknown as { unref(): void }).unref()
  }
}
globalThis.BroadcastChannel = PageChannel

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
