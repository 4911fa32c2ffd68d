import { SecurityActivity } from '../activity/activity.tsx'
import { ApiTokens } from '../api-tokens/api-tokens.tsx'
import { LinkedAccounts } from '../oidc/linked-accounts.tsx'
import { Passkeys } from '../passkeys/passkeys.tsx'
import { Authenticator } from '../second-factor/authenticator.tsx'
import type { PageProps } from '../session.ts'
import { Failed } from '../ui/states.tsx'
import { NoPassword, Password } from './password.tsx'
import { Sessions } from './sessions.tsx'
import { useSecurity } from './use-security.ts'

export function Security({ session: { session } }: PageProps) {
  const { value: security = {}, error, reload } = useSecurity(session.id)
  return (
    <>
      <h1>Security</h1>
      <section>
        <h2>How you sign in</h2>
        {error && <Failed error={error} retry={reload} />}
        <ul className="rows">
          {security.hasPassword === false ? <NoPassword security={security} /> : <Password />}
          <Authenticator security={security} reload={reload} />
        </ul>
      </section>
      <Passkeys security={security} />
      <LinkedAccounts security={security} />
      <ApiTokens security={security} />
      <Sessions sid={session.id} />
      <SecurityActivity sid={session.id} />
    </>
  )
}
