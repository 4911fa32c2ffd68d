import { useCallback, useEffect, useRef, useState } from 'react'
import { Account } from './account.tsx'
import { API, clients, recallTransport, rememberTransport, type Transport, TransportContext } from './client.ts'
import { Entrance } from './entrance.tsx'
import { keepFocus } from './form.tsx'
import { useLoaded } from './use-loaded.ts'

/** Who is logged in: asked at the start, when a tab tells of a login or its end, and whenever one comes back to this tab. */
function useSession(transport: Transport) {
  const client = clients[transport]
  const { value: session, fault, reload, forget } = useLoaded(client.session)
  useEffect(() => {
    const ask = () => void reload()
    addEventListener('focus', ask)
    const stop = client.onChange((isLoggedIn) => {
      // At once: of who was logged in nothing is left on the screen.
      forget(isLoggedIn ? undefined : null)
      ask()
    })
    return () => {
      removeEventListener('focus', ask)
      stop()
    }
  }, [client, reload, forget])
  return { session, fault, reload }
}

export function App() {
  const [transport, setTransport] = useState<Transport>(recallTransport)
  const { session, fault, reload } = useSession(transport)
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
          An example page for <code>{API}</code>
          {session && `, logged in by ${transport}`}
        </p>
      </header>
      <main tabIndex={-1}>
        {fault && (
          <p role="alert">
            {fault}{' '}
            <button type="button" onClick={() => void reload()}>
              Try again
            </button>
          </p>
        )}
        {session === undefined && !fault && <p role="status">One moment …</p>}
        {session === null && <Entrance choose={choose} />}
        {session && <Account key={session.user.id} session={session} onRenewed={reload} />}
      </main>
    </TransportContext>
  )
}
