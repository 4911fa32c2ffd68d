import type { Session } from 'fastify-minimal-starter-client'
import { useEffect, useRef, useState } from 'react'
import { useClient } from './client.ts'
import { go } from './ui/router.ts'
import { useLoaded } from './ui/use-loaded.ts'

/** What each page gets. */
export type PageProps = {
  session: Session
  /** Loads the session again, after a change of the user or a new session. */
  reload: () => Promise<void>
  /** Ends the session with this call, and then shows this notice to the visitor. */
  leave: (notice: string, call: () => Promise<void>) => Promise<void>
}

const ENDED = 'You have been signed out. Your session expired, or you ended it in another tab or on another device.'

/**
 * The current session. Loaded at the start, after a login or logout in any tab, and when this tab gets the focus. Null: nobody is
 * signed in. `notice`: why the last session ended.
 */
export function useSession() {
  const client = useClient()
  const { value: session, error, reload, set } = useLoaded(client.session)
  const [notice, setNotice] = useState('')
  const ownNotice = useRef('')
  useEffect(() => {
    const check = () => void reload()
    addEventListener('focus', check)
    const stop = client.onChange((isLoggedIn) => {
      // Clears the data of the previous user from the screen immediately.
      set(isLoggedIn ? undefined : null)
      setNotice(isLoggedIn ? '' : ownNotice.current || ENDED)
      check()
    })
    return () => {
      removeEventListener('focus', check)
      stop()
    }
  }, [client, reload, set])

  const leave: PageProps['leave'] = async (notice, call) => {
    ownNotice.current = notice
    try {
      await call()
      await reload()
      go('')
    } finally {
      ownNotice.current = ''
    }
  }
  return { session, error, reload, leave, notice }
}
