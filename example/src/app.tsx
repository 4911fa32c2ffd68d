import { useEffect } from 'react'
import { Account } from './account.tsx'
import { API, client, transport } from './client.ts'
import { Entrance } from './entrance.tsx'
import { useLoaded } from './use-loaded.ts'

/** Who is logged in: asked at the start, when a tab tells of a login or its end, and whenever one comes back to this tab. */
function useSession() {
  const { value: session, fault, reload } = useLoaded(client.session)
  useEffect(() => {
    const ask = () => void reload()
    addEventListener('focus', ask)
    const stop = client.onChange(ask)
    return () => {
      removeEventListener('focus', ask)
      stop()
    }
  }, [reload])
  return { session, fault, reload }
}

export function App() {
  const { session, fault, reload } = useSession()
  return (
    <>
      <header>
        <h1>Fastify minimal starter</h1>
        <p>
          An example page for <code>{API}</code>
          {session && `, logged in by ${transport}`}
        </p>
      </header>
      <main>
        {fault && (
          <p role="alert">
            {fault}{' '}
            <button type="button" onClick={() => void reload()}>
              Try again
            </button>
          </p>
        )}
        {session === undefined && !fault && <p role="status">One moment …</p>}
        {session === null && <Entrance />}
        {session && <Account session={session} onRenewed={reload} />}
      </main>
    </>
  )
}
