import { useClient } from '../client.ts'
import type { PageProps } from '../session.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { Form } from '../ui/form.tsx'
import { CodeField } from './code-field.tsx'
import { useCode } from './use-code.ts'

/** A banner, until the user has shown that the address is theirs. The service mails the first code at the sign-up. */
export function VerifyEmail({ session: { user }, reload }: Pick<PageProps, 'session' | 'reload'>) {
  const client = useClient()
  const [isExpected, setExpected] = useCode('email-verification')
  if (user.emailVerified !== false) return null

  async function sendCode() {
    await client.requestEmailVerification()
    setExpected(true)
  }
  async function verify({ code = '' }) {
    await client.verifyEmail(code)
    await reload()
  }
  return (
    <section className="banner" aria-labelledby="verify-email">
      <h2 id="verify-email">Verify your email address</h2>
      {isExpected ? (
        <>
          <p role="status">An email with a code is on its way to {user.email}.</p>
          <Form
            action="Verify"
            onSubmit={verify}
            buttons={
              <button type="button" onClick={() => setExpected(false)}>
                Get another code
              </button>
            }
          >
            <CodeField />
          </Form>
        </>
      ) : (
        <>
          <p>With a code that we send to {user.email}, you show that the address is yours.</p>
          <ActionButton kind="primary" onClick={sendCode}>
            Send code
          </ActionButton>
        </>
      )}
    </section>
  )
}
