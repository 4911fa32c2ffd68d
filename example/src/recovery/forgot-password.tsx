import { useState } from 'react'
import { useClient } from '../client.ts'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { CodeField } from './code-field.tsx'
import { useCode } from './use-code.ts'

export const ForgotPasswordLink = () => <a href="#/forgot-password">Forgot your password?</a>

/** Sets a new password by a code that is mailed to the address of the account. */
export function ForgotPassword() {
  const client = useClient()
  const [isExpected, setExpected] = useCode('password-reset')
  const [isDone, setDone] = useState(false)

  async function requestCode({ email = '' }) {
    await client.requestPasswordReset(email)
    setExpected(true)
  }
  async function reset({ code = '', newPassword = '' }) {
    await client.resetPassword(code, newPassword)
    setDone(true)
  }
  return (
    <>
      <section>
        <h1>Forgotten password</h1>
        {isDone && <p role="status">Your password was changed, and all your sessions have ended.</p>}
        {!isDone && isExpected && (
          <>
            <p role="status">If there is an account with this address, an email with a code is on its way.</p>
            <Form
              action="Set password"
              onSubmit={reset}
              buttons={
                <button type="button" onClick={() => setExpected(false)}>
                  Get another code
                </button>
              }
            >
              <CodeField />
              <Field
                name="newPassword"
                label="New password"
                type="password"
                autoComplete="new-password"
                hint="At least 8 characters"
                required
              />
            </Form>
          </>
        )}
        {!isDone && !isExpected && (
          <>
            <p>We send a code to the email address of your account. With it you set a new password.</p>
            <Form action="Send code" onSubmit={requestCode}>
              <Field name="email" label="Email" type="email" autoComplete="email" required />
            </Form>
          </>
        )}
      </section>
      <p className="aside">
        <a href="#/sign-in">Back to sign in</a>
      </p>
    </>
  )
}
