/// <reference path="./oidc-provider.d.ts" />
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import type { Test } from 'tap'
import { CLIENT } from './provider.ts'

// The provider of the package oidc-provider, which is certified, with its own pages for login and consent.

/** Every name and password is right there. `serve` makes it answer, once the address is known to which users go back. */
export async function startRealProvider(t: Pick<Test, 'teardown'>) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    issuer,
    serve(redirectUri: string) {
      const provider = new Provider(issuer, {
        clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [redirectUri] }],
        claims: { email: ['email', 'email_verified'], profile: ['name'] },
        findAccount: (_context: unknown, id: string) => ({
          accountId: id,
          claims: async () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: `The user ${id}` })
        })
      })
      server.on('request', provider.callback())
    },
    setting: (id: string) =>
      `${id}=http://${encodeURIComponent(CLIENT.id)}:${encodeURIComponent(CLIENT.secret)}@127.0.0.1:${port}`
  }
}

/** A browser without a screen: follows the provider's redirects and fills in its forms, until it comes back. Returns the query. */
export function createVisitor(redirectUri: string) {
  const cookies = new Map<string, string>()
  async function visit(url: string, form?: Record<string, string>): Promise<string> {
    if (url.startsWith(redirectUri)) return new URL(url).search
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
    const body = form && new URLSearchParams(form)
    const reply = await fetch(url, { redirect: 'manual', headers, ...(body && { method: 'POST', body }) })
    for (const line of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = reply.headers.get('location')
    if (location !== null) return visit(new URL(location, url).href)
    const page = await reply.text()
    const [, prompt = ''] = /name="prompt" value="(\w+)"/.exec(page) ?? []
    const [, action = ''] = /<form[^>]* action="([^"]+)"/.exec(page) ?? []
    if (reply.status !== 200 || action === '') throw new Error(`the provider answered ${reply.status}: ${page}`)
    return visit(new URL(action, url).href, { prompt, login: 'ada', password: 'any' })
  }
  return visit
}
