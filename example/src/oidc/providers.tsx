import { useCallback } from 'react'
import { useClient } from '../client.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { useLoaded } from '../ui/use-loaded.ts'
import { useNewcomer } from './use-newcomer.ts'

/** The providers that the service has; none while they load. */
export function useProviders() {
  const client = useClient()
  const load = useCallback(() => client.oidc.providers(), [client])
  return useLoaded(load).value ?? []
}

/** A button for each provider to sign in with, and to sign up. */
export function Providers({ remember = true }: { remember?: boolean }) {
  const client = useClient()
  const providers = useProviders()
  const newcomer = useNewcomer()

  return (
    <>
      {newcomer?.hasAccount && (
        <p className="notice" role="status">
          There already is an account with {newcomer.email}. Sign in to it, and then you can link the two.
        </p>
      )}
      {providers.map(({ id, name }) => (
        <ActionButton key={id} onClick={async () => location.assign(await client.oidc.start(id, { remember }))}>
          Continue with {name}
        </ActionButton>
      ))}
    </>
  )
}
