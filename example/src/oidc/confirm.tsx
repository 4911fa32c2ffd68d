import { useClient } from '../client.ts'
import { useSecurity } from '../security/use-security.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { useProviders } from './providers.tsx'

/** Leaves the page to confirm with a provider that it is the user, in place of the password. Nothing if no account is linked. */
export function ProviderConfirm() {
  const client = useClient()
  const { value: { identities = 0 } = {} } = useSecurity()
  const providers = useProviders()
  if (identities === 0) return null

  return providers.map(({ id, name }) => (
    <ActionButton key={id} onClick={async () => location.assign(await client.oidc.start(id, { intent: 'confirm' }))}>
      Use {name}
    </ActionButton>
  ))
}
