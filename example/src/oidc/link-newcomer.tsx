import { useClient } from '../client.ts'
import { Form } from '../ui/form.tsx'
import { useFreshSession } from '../ui/fresh-session.tsx'
import { useNewcomer } from './use-newcomer.ts'

/** A banner for a user who first came with a provider, and then signed in to the account that they already had. */
export function LinkNewcomer() {
  const client = useClient()
  const withFreshSession = useFreshSession()
  const newcomer = useNewcomer()
  if (!newcomer) return null

  async function link() {
    await withFreshSession(client.oidc.linkNewcomer)
  }
  return (
    <section className="banner" aria-labelledby="link-newcomer">
      <h2 id="link-newcomer">Link your accounts</h2>
      <p>Next time, sign in here with the provider that knows you as {newcomer.email}.</p>
      <Form action="Link accounts" onSubmit={link} onCancel={() => client.forget('newcomer')} />
    </section>
  )
}
