import { useClient } from '../client.ts'
import { withWords } from '../passkeys/in-words.ts'
import { ActionButton } from '../ui/action-button.tsx'
import type { Factor } from './step.tsx'

/** Answers the question with a passkey, if the user has one. */
export function ByPasskey({ methods, confirm }: { methods: string[]; confirm: (factor: Factor) => Promise<void> }) {
  const client = useClient()
  if (!methods.includes('passkey') || !client.passkeys.isSupported()) return null
  const answer = () => withWords(async () => confirm({ passkey: await client.passkeys.prove() }))
  return <ActionButton onClick={answer}>Use a passkey</ActionButton>
}
