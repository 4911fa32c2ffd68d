import type { Session } from 'fastify-minimal-starter-client'
import { useEffect, useRef, useState } from 'react'
import { useClient } from './client.ts'
import { messageOf } from './ui/messages.ts'
import { go } from './ui/router.ts'

/** What each page gets. */
export type PageProps = {
  session: Session
  /** Loads the session again, after a change of the user. */
  reload: () => Promise<void>
  /** Ends the session by this call, and then shows this notice. */
  leave: (notice: string, call: () => Promise<void>) => Promise<void>
}

const ENDED = 'You have been signed out. Your session expired, or it was ended in another tab or on another device.'

/** The current session; undefined while it loads, and null for a visitor. `notice`: why the last session ended. */
export function useSession() {
  const client = useClient()
  const [session, setSession] = useState<Session | null>()
  const [error, setError] = useState('')
  const [loads, setLoads] = useState(0)
  const [notice, setNotice] = useState('')
  const wasSignedIn = useRef(false)
  const ownNotice = useRef('')

  // biome-ignore lint/correctness/useExhaustiveDependencies: watches anew to load again
  useEffect(() => {
    return client.watch(({ session, error }) => {
      setSession(session)
      setError(error === undefined ? '' : messageOf(error))
      if (session) setNotice('')
      if (session === null && wasSignedIn.current) {
        setNotice(ownNotice.current || ENDED)
        // After the next sign-in, whoever did not leave on purpose continues on the same page.
        if (ownNotice.current) go('')
        ownNotice.current = ''
      }
      if (session !== undefined) wasSignedIn.current = session !== null
    })
  }, [client, loads])

  const reload = async () => setLoads((count) => count + 1)
  async function leave(notice: string, call: () => Promise<void>) {
    ownNotice.current = notice
    try {
      await call()
    } catch (error) {
      ownNotice.current = ''
      throw error
    }
    await reload()
  }
  return { session, error, reload, leave, notice }
}
