import type { Client } from 'openapi-fetch'
import type { paths } from './contract.ts'
import { endsSession, toApiError } from './errors.ts'
import type { Access, Message, Store } from './store.ts'
import type { Tabs } from './tabs.ts'

/** Sends a request, as `fetch` does. */
export type Send = (request: Request) => Promise<Response>

type Options = {
  store: Store
  tabs: Tabs<Message>
  /** Sends cookies, and no token. */
  plain: Client<paths>
  /** Sends a request with an access token or the cookie, by `fetch` or another function. */
  send: (request: Request, access: Access | null, by?: Send) => Promise<Response>
}
/** Keeps the access token valid. All calls and tabs share one refresh. */
export function createRefresher({ store, tabs, plain, send }: Options) {
  let refreshing: Promise<void> | null = null

  /** Gets a new access token, unless another call or tab has already replaced the `stale` one. */
  function refresh(stale: Access | null) {
    const request = () =>
      plain.POST('/api/auth/token-refresh', stale?.refreshToken ? { body: { refreshToken: stale.refreshToken } } : {})
    const work = async () => {
      if (store.access !== stale || store.isLoggedIn === false) return
      const startedIn = store.epoch
      // Retried once: within REFRESH_GRACE, the service repeats a reply that got lost.
      const { data, error, response } = await request().catch(request)
      const refusal = data ? null : await toApiError(response, error)
      // 400 means no cookie, 401 that the session has ended. Any other error may be temporary, so it ends nothing.
      if (refusal && (refusal.status > 401 || refusal.code === 'UNKNOWN')) throw refusal
      if (store.epoch !== startedIn) return
      // Another user may have logged in on another origin, or planted the cookie from a sibling subdomain: end this session.
      if (data && store.isSameUser(data)) store.publish(true, data)
      else store.publish(false)
    }
    refreshing ??= tabs.withLock(work).finally(() => {
      refreshing = null
    })
    return refreshing
  }
  /** Refreshes an expired token first, and retries once with a new token if the service refuses this one. */
  async function sendFresh(request: Request, by?: Send): Promise<Response> {
    const startedIn = store.epoch
    const own = () => (store.epoch === startedIn ? store.access : null)
    if (store.isStale()) await refresh(store.access)
    const used = own()
    const reply = await send(request, used, by)
    if (reply.status !== 401 || !endsSession(await toApiError(reply.clone()))) return reply
    // With cookies, the other tabs find out on their own.
    if (!store.isToken && store.epoch === startedIn) store.set(false)
    const fresh = used && (await refresh(used).then(own))
    return fresh ? send(request, fresh, by) : reply
  }
  return { refresh, sendFresh }
}
