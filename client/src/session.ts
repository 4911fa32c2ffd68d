import type { Client } from 'openapi-fetch'
import type { paths, Session, Tokens } from './contract.ts'
import { ApiError, endsSession, orThrow } from './errors.ts'
import type { Access, Message, Store } from './store.ts'
import type { Tabs } from './tabs.ts'

type Reply<Body> = Parameters<typeof orThrow<Body>>[0]
type Options = {
  store: Store
  tabs: Tabs<Message>
  api: Client<paths>
  refresh: (stale: Access | null) => Promise<void>
}
/** Begins, checks, renews and ends the session, one tab at a time. */
export function createSession({ store, tabs, api, refresh }: Options) {
  /** The user who is logged in, and their session. Null: nobody is logged in. */
  async function session(): Promise<Session | null> {
    const check = () => orThrow(api.GET('/api/auth/check-auth'))
    const startedIn = store.epoch
    let state = await check()
    // This route never answers 401, so only a refresh shows whether the session of a refused token has ended.
    if (!state.authenticated && store.access && store.epoch === startedIn)
      state = await refresh(store.access).then(check)
    if (store.epoch !== startedIn) return session()
    if (!store.isToken && store.isLoggedIn !== state.authenticated) store.set(state.authenticated)
    return state.user && state.session ? { user: state.user, session: state.session } : null
  }
  /** Logs in by a call that answers with a user, and with tokens unless it sets a cookie. */
  function signIn<User>(call: () => Reply<{ user: User } | ({ user: User } & Tokens)>) {
    return tabs.withLock(async () => {
      const reply = await orThrow(call())
      store.publish(true, 'accessToken' in reply ? reply : undefined, true)
      return reply.user
    })
  }
  /** Renews or ends the session by a call, but never the session of another user who has logged in meanwhile. */
  async function change(next: boolean, call: (headers: HeadersInit) => Reply<Tokens>) {
    const startedIn = store.epoch
    const work = async () => {
      if (store.epoch !== startedIn && store.isLoggedIn) throw new Error('Another user has logged in')
      // Sent even without a token: it makes the service ignore the cookie of another session.
      const tokens = await orThrow(call(store.isToken ? { authorization: `Bearer ${store.access?.accessToken}` } : {}))
      if (store.epoch === startedIn) store.publish(next, tokens)
    }
    if (store.isStale()) await refresh(store.access)
    await tabs.withLock(work).catch(async (error) => {
      if (!(error instanceof ApiError) || !endsSession(error)) throw error
      // The session has ended, unless the token was stale or another tab has just renewed the session.
      if (await session()) await tabs.withLock(work)
      else if (next) throw error
      else store.publish(false)
    })
    if (next) for (const listener of store.renewals) listener()
  }
  return { session, signIn, change }
}
