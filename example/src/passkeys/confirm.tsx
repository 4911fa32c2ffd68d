import { useClient } from '../client.ts'
import { useSecurity } from '../security/use-security.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { withWords } from './in-words.ts'

/** Confirms with a passkey that it is the user, in place of the password. Nothing if the user has none. */
export function PasskeyConfirm({ onDone }: { onDone: () => void }) {
  const client = useClient()
  const { value: { passkeys = 0 } = {} } = useSecurity()
  if (passkeys === 0 || !client.passkeys.isSupported()) return null

  async function confirm() {
    await withWords(client.passkeys.reauthenticate)
    onDone()
  }
  return <ActionButton onClick={confirm}>Use a passkey</ActionButton>
}
