import { useEffect, useState } from 'react'
import { useClient } from '../client.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { messageOf } from '../ui/messages.ts'
import { inWords, withWords } from './in-words.ts'

/** A button that signs in with a passkey, and the same in the autofill of the username. Nothing if there are no passkeys. */
export function PasskeySignIn({ remember }: { remember: boolean }) {
  const client = useClient()
  const [isAvailable, setAvailable] = useState(false)
  const [error, setError] = useState('')

  useEffect(() => {
    const onError = (error: unknown) => setError(messageOf(inWords(error)))
    let stop = () => {}
    let isOver = false
    client.passkeys.isAvailable().then(
      (isAvailable) => {
        if (isOver) return
        setAvailable(isAvailable)
        if (isAvailable) stop = client.passkeys.autofill({ remember, onError })
      },
      () => {}
    )
    return () => {
      isOver = true
      stop()
    }
  }, [client, remember])

  if (!isAvailable) return null
  return (
    <>
      <ActionButton onClick={() => withWords(() => client.passkeys.signIn({ remember }))}>
        Sign in with a passkey
      </ActionButton>
      <p role="alert">{error}</p>
    </>
  )
}
