import { useState } from 'react'
import { useClient } from '../client.ts'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { Key } from '../ui/icons.tsx'
import { Row } from '../ui/row.tsx'
import { useOpener } from '../ui/use-opener.ts'
import type { Security } from './use-security.ts'

export function Password() {
  const client = useClient()
  const { isOpen, open, close, button, panel } = useOpener()
  const [status, setStatus] = useState('')

  async function change({ currentPassword = '', newPassword = '' }) {
    await client.changePassword({ currentPassword, newPassword })
    setStatus('Your password was changed. All your other sessions have ended.')
    close()
  }
  return (
    <Row
      icon={<Key />}
      title="Password"
      details={<span role="status">{status}</span>}
      action={() =>
        !isOpen && (
          <button type="button" ref={button} onClick={open}>
            Change password
          </button>
        )
      }
    >
      {isOpen && (
        <div ref={panel} className="panel">
          <Form action="Change password" onSubmit={change} onCancel={close}>
            <Field
              name="currentPassword"
              label="Current password"
              type="password"
              autoComplete="current-password"
              required
            />
            <Field
              name="newPassword"
              label="New password"
              type="password"
              autoComplete="new-password"
              hint="At least 8 characters. All your other sessions will end."
              required
            />
          </Form>
        </div>
      )}
    </Row>
  )
}

/** Instead, for a user who signed up with a provider. With mails, a reset gives them a first one. */
export const NoPassword = ({ security }: { security: Security }) => (
  <Row
    icon={<Key />}
    title="Password"
    details={
      security.emailVerified === undefined
        ? 'You sign in without one.'
        : 'You have none. To set one, sign out and choose “Forgot your password?”.'
    }
  />
)
