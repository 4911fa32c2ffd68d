import { useCallback } from 'react'
import { useClient } from '../client.ts'
import type { Security } from '../security/use-security.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { useFreshSession } from '../ui/fresh-session.tsx'
import { Key } from '../ui/icons.tsx'
import { Row } from '../ui/row.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { Ago, Day } from '../ui/time.tsx'
import { useLoaded } from '../ui/use-loaded.ts'
import { useProviders } from './providers.tsx'

/** The accounts of providers that sign the user in. Nothing if the service has no providers. `identities`: how many there are. */
export const LinkedAccounts = ({ security: { identities } }: { security: Security }) =>
  identities !== undefined && <List key={identities} />

function List() {
  const client = useClient()
  const withFreshSession = useFreshSession()
  const providers = useProviders()
  const load = useCallback(() => client.oidc.identities(), [client])
  const { value: identities, error, reload } = useLoaded(load)
  const nameOf = (provider: string) => providers.find(({ id }) => id === provider)?.name ?? provider
  const others = providers.filter(({ id }) => identities && !identities.some(({ provider }) => provider === id))

  async function unlink(id: string) {
    await withFreshSession(() => client.oidc.unlink(id))
    await reload()
  }
  const link = async (provider: string) => location.assign(await client.oidc.start(provider, { intent: 'link' }))
  return (
    <section>
      <h2>Linked accounts</h2>
      {error && <Failed error={error} retry={reload} />}
      {!identities && !error && <Loading rows={1} />}
      <ul className="rows">
        {identities?.map(({ id, provider, createdAt, lastUsedAt }) => (
          <Row
            key={id}
            icon={<Key />}
            title={nameOf(provider)}
            details={
              <>
                Linked <Day at={createdAt} />
                {lastUsedAt && (
                  <>
                    {' · last used '}
                    <Ago at={lastUsedAt} />
                  </>
                )}
              </>
            }
            action={(about) => (
              <ActionButton about={about} onClick={() => unlink(id)}>
                Unlink
              </ActionButton>
            )}
          />
        ))}
      </ul>
      {others.map(({ id, name }) => (
        <ActionButton key={id} onClick={() => withFreshSession(() => link(id))}>
          Link {name}
        </ActionButton>
      ))}
    </section>
  )
}
