import type { Session } from 'fastify-minimal-starter-client'
import { useClient } from './client.ts'
import { DeleteAccount } from './delete-account.tsx'
import { Field, Form } from './form.tsx'
import { SecurityActivity } from './security-activity.tsx'
import { Sessions } from './sessions.tsx'
import { Day } from './time.tsx'

/** The page of a user who is signed in. `onRenewed`: the session has been replaced, or has ended. */
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
      <section className="profile">
        <div>
          <h2>{user.name}</h2>
          <p>
            {user.username} · {user.email}
          </p>
          <small>
            You stay signed in until <Day at={session.expiresAt} />, and longer if you come back before then.
          </small>
        </div>
        <Form action="Sign out" onSubmit={client.logout} />
      </section>
      <Sessions sid={session.id} />
      <SecurityActivity sid={session.id} />
      <div className="columns">
        <section>
          <h2>Change password</h2>
          <Form
            action="Change password"
            onSubmit={changePassword}
            done="Your password was changed. All other sessions were ended."
          >
            <Field name="currentPassword" label="Current password" type="password" autoComplete="current-password" />
            <Field
              name="newPassword"
              label="New password"
              type="password"
              autoComplete="new-password"
              hint="At least 8 characters"
            />
          </Form>
        </section>
        <DeleteAccount freshUntil={session.freshUntil} onRenewed={onRenewed} />
      </div>
    </>
  )
}
