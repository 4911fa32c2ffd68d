import { ApiError } from 'fastify-minimal-starter-client'
import { useCallback, useEffect, useRef, useState } from 'react'
import { client as anyClient, useClient } from '../client.ts'
import { Layout } from '../layout.tsx'
import { messageOf, UserError } from '../ui/messages.ts'
import { go } from '../ui/router.ts'
import { Failed, Loading } from '../ui/states.tsx'

// At once, before anything else of the page can read the code in the address.
let arrived = anyClient.oidc.takeResponse()

/** The response of a provider with which the page was opened, and a function that is done with it. Null: there is none. */
export function useResponse() {
  const [response, setResponse] = useState(arrived)
  const leave = useCallback((page: string) => {
    arrived = null
    setResponse(null)
    go(page)
  }, [])
  return [response, leave] as const
}

/** Where the user goes on after these errors. */
const NEXT: Record<string, string> = {
  SIGN_UP_REQUIRED: 'choose-name',
  ACCOUNT_EXISTS: 'sign-in',
  SECOND_FACTOR_REQUIRED: 'sign-in'
}

type CallbackProps = { response: string; leave: (page: string) => void }

/** Back from a provider: signs in, links, or confirms, and goes on from there. */
export function Callback({ response, leave }: CallbackProps) {
  const client = useClient()
  const [error, setError] = useState('')
  const isBegun = useRef(false)

  const finish = useCallback(async () => {
    setError('')
    try {
      const intent = await client.oidc.finish(response)
      leave(intent === 'login' ? '' : 'security')
    } catch (error) {
      const code = error instanceof ApiError ? error.code : ''
      const next = NEXT[code]
      if (next !== undefined) leave(next)
      else setError(messageOf(code === 'TICKET_INVALID' ? new UserError('That took too long. Begin again.') : error))
    }
  }, [client, response, leave])
  useEffect(() => {
    // A response works once, and development runs effects twice.
    if (!isBegun.current) void finish()
    isBegun.current = true
  }, [finish])
  return (
    <Layout title="Signing in">
      <div className="narrow">
        {error ? <Failed error={error} retry={finish} /> : <Loading rows={1} />}
        {error && (
          <p className="aside">
            <button type="button" onClick={() => leave('')}>
              Go back
            </button>
          </p>
        )}
      </div>
    </Layout>
  )
}
