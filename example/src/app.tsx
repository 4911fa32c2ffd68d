import { useCallback, useEffect, useRef, useState } from 'react'
import { Account } from './account.tsx'
import { API, clients, recallTransport, rememberTransport, type Transport, TransportContext } from './client.ts'
import { keepFocus } from './form.tsx'
import { SignIn } from './sign-in.tsx'
import { useLoaded } from './use-loaded.ts'

/** The current session. Loaded at the start, after a login or logout in any tab, and when this tab gets the focus. */
function useSession(transport: Transport) {
  const client = clients[transport]
  const { value: session, error, reload, set } = useLoaded(client.session)
  useEffect(() => {
    const check = () => void reload()
    addEventListener('focus', check)
    const stop = client.onChange((isLoggedIn) => {
      // Clears the data of the previous user from the screen immediately.
      set(isLoggedIn ? undefined : null)
      check()
    })
    return () => {
      removeEventListener('focus', check)
      stop()
    }
  }, [client, reload, set])
  return { session, error, reload }
}

export function App() {
  const [transport, setTransport] = useState<Transport>(recallTransport)
  const { session, error, reload } = useSession(transport)
  const isKnown = useRef(false)
  useEffect(() => {
    if (isKnown.current) keepFocus()
    isKnown.current = session !== undefined
  }, [session])
  const choose = useCallback((next: Transport) => {
    rememberTransport(next)
    setTransport(next)
  }, [])
  return (
    <TransportContext value={transport}>
      <header>
        <h1>Fastify minimal starter</h1>
        <p>
          Example app for the API at <code>{API}</code>
        </p>
      </header>
      <main tabIndex={-1}>
        {error && (
          <p role="alert">
            {error}{' '}
            <button type="button" onClick={() => void reload()}>
              Try again
            </button>
          </p>
        )}
        {session === undefined && !error && <p role="status">Loading…</p>}
        {session === null && <SignIn choose={choose} />}
        {session && <Account key={session.user.id} session={session} onRenewed={reload} />}
      </main>
    </TransportContext>
  )
}
