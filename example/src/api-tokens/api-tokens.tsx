import { useCallback, useState } from 'react'
import { useClient } from '../client.ts'
import type { Security } from '../security/use-security.ts'
import { useFreshSession } from '../ui/fresh-session.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { useLoaded } from '../ui/use-loaded.ts'
import { useOpener } from '../ui/use-opener.ts'
import './api-tokens.css'
import { type NewToken, TokenForm } from './token-form.tsx'
import { TokenRow } from './token-row.tsx'
import { TokenText } from './token-text.tsx'

/** The API tokens of the user. Nothing if the service has none. */
export const ApiTokens = ({ security: { apiTokens } }: { security: Security }) => apiTokens !== undefined && <List />

function List() {
  const client = useClient()
  const withFreshSession = useFreshSession()
  const { isOpen, open, close, button, panel } = useOpener()
  const load = useCallback(() => client.apiTokens.list(), [client])
  const { value: tokens, error, reload } = useLoaded(load)
  const [text, setText] = useState('')

  async function add(token: NewToken) {
    const made = await withFreshSession(() => client.apiTokens.add(token))
    await reload()
    close()
    setText(made.token)
  }
  async function remove(id: string) {
    await client.apiTokens.remove(id)
    await reload()
  }
  return (
    <section>
      <div className="heading">
        <h2>API tokens</h2>
        {!isOpen && (
          <button type="button" ref={button} onClick={open}>
            Make a token
          </button>
        )}
      </div>
      <p>For scripts and other programs that act for you. Signing out everywhere and a new password do not end them.</p>
      {error && <Failed error={error} retry={reload} />}
      {!tokens && !error && <Loading rows={1} />}
      {isOpen && (
        <div ref={panel}>
          <TokenForm onSubmit={add} onCancel={close} />
        </div>
      )}
      {text && <TokenText text={text} onClose={() => setText('')} />}
      <ul className="rows">
        {tokens?.map((token) => (
          <TokenRow key={token.id} token={token} remove={remove} />
        ))}
      </ul>
    </section>
  )
}
