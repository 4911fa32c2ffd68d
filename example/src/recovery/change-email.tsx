import { useState } from 'react'
import { useClient } from '../client.ts'
import type { PageProps } from '../session.ts'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { useFreshSession } from '../ui/fresh-session.tsx'
import { useOpener } from '../ui/use-opener.ts'
import { CodeField } from './code-field.tsx'
import { useCode } from './use-code.ts'

/** Changes the address of the account by a code that is mailed to the new one. All other sessions end. */
export function ChangeEmail({ session: { user } }: Pick<PageProps, 'session'>) {
  const client = useClient()
  const withFreshSession = useFreshSession()
  const { isOpen, open, close, button, panel } = useOpener()
  const [isExpected, setExpected] = useCode('email-change')
  const [status, setStatus] = useState('')
  // The feature is off.
  if (user.emailVerified === undefined) return null

  async function sendCode({ email = '' }) {
    await withFreshSession(() => client.requestEmailChange(email))
    setExpected(true)
  }
  async function change({ code = '' }) {
    await client.changeEmail(code)
    setExpected(false)
    setStatus('Your email address was changed. All your other sessions have ended.')
    close()
  }
  function cancel() {
    setExpected(false)
    close()
  }
  return (
    <>
      {!isOpen && (
        <button type="button" ref={button} onClick={open}>
          Change email
        </button>
      )}
      {isOpen && (
        <div ref={panel}>
          {isExpected ? (
            <Form action="Change email" onSubmit={change} onCancel={cancel}>
              <p role="status">An email with a code is on its way to the new address.</p>
              <CodeField />
            </Form>
          ) : (
            <Form action="Send code" onSubmit={sendCode} onCancel={cancel}>
              <Field
                name="email"
                label="New email"
                type="email"
                autoComplete="email"
                hint="We send a code to this address."
                required
              />
            </Form>
          )}
        </div>
      )}
      <p role="status">{status}</p>
    </>
  )
}
