import type { Session } from 'fastify-minimal-starter-client'
import { useClient } from './client.ts'
import { Events } from './events.tsx'
import { Field, Form } from './form.tsx'
import { Freshness } from './freshness.tsx'
import { Logins } from './logins.tsx'
import { Time } from './time.tsx'

/** For who is logged in. `onRenewed`: this login is another one now, or gone. */
export function Account({
  session: { user, session },
  onRenewed
}: {
  session: Session
  onRenewed: () => Promise<void>
}) {
  const client = useClient()

  async function changePassword({ currentPassword = '', newPassword = '' }) {
    await client.changePassword({ currentPassword, newPassword })
    await onRenewed()
  }
  return (
    <>
      <section>
        <h2>{user.name}</h2>
        <p>
          {user.username}, {user.email}. This login ends if it is not used until <Time at={session.expiresAt} />.
        </p>
        <Form action="Log out" onSubmit={client.logout} />
      </section>
      <Freshness freshUntil={session.freshUntil} onRenewed={onRenewed} />
      <Logins sid={session.id} />
      <section>
        <h2>Change the password</h2>
        <Form action="Change it" onSubmit={changePassword} done="It is changed, and every other login has ended.">
          <Field name="currentPassword" label="Current password" type="password" autoComplete="current-password" />
          <Field
            name="newPassword"
            label="New password"
            type="password"
            autoComplete="new-password"
            hint="8 characters or more"
          />
        </Form>
      </section>
      <Events sid={session.id} />
    </>
  )
}
