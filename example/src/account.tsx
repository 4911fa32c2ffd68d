import type { Session } from 'fastify-minimal-starter-client'
import { useEffect, useRef } from 'react'
import { client } from './client.ts'
import { Events } from './events.tsx'
import { Field, Form } from './form.tsx'
import { Freshness } from './freshness.tsx'
import { Logins } from './logins.tsx'
import { Time } from './time.tsx'

async function logOut() {
  await client.logout()
}

/** For who is logged in. `onRenewed`: this login is another one now, or gone. */
export function Account({
  session: { user, session },
  onRenewed
}: {
  session: Session
  onRenewed: () => Promise<void>
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  // Who logged in by keyboard goes on here, and a screen reader says where one is.
  useEffect(() => heading.current?.focus(), [])

  async function changePassword({ currentPassword = '', newPassword = '' }) {
    await client.changePassword({ currentPassword, newPassword })
    await onRenewed()
  }
  return (
    <>
      <section>
        <h2 ref={heading} tabIndex={-1}>
          {user.name}
        </h2>
        <p>
          {user.username}, {user.email}. This login ends if it is not used until <Time at={session.expiresAt} />.
        </p>
        <Form action="Log out" onSubmit={logOut} />
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
