import { useState } from 'react'
import { useClient } from '../client.ts'
import { Providers } from '../oidc/providers.tsx'
import { PasskeySignIn } from '../passkeys/sign-in.tsx'
import { ForgotPasswordLink } from '../recovery/forgot-password.tsx'
import { SecondFactorStep } from '../second-factor/step.tsx'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'

export function SignIn() {
  const client = useClient()
  const [remember, setRemember] = useState(true)

  async function signIn({ usernameOrEmail = '', password = '' }) {
    await client.login({ usernameOrEmail, password, remember })
  }
  return (
    <>
      <section>
        <h1>Sign in</h1>
        <SecondFactorStep>
          <Form action="Sign in" onSubmit={signIn}>
            <Field
              name="usernameOrEmail"
              label="Username or email"
              autoComplete="username webauthn"
              autoCapitalize="none"
              required
            />
            <Field name="password" label="Password" type="password" autoComplete="current-password" required />
            <label>
              <input type="checkbox" checked={remember} onChange={() => setRemember(!remember)} />
              Keep me signed in
            </label>
          </Form>
          <PasskeySignIn remember={remember} />
          <Providers remember={remember} />
          <ForgotPasswordLink />
        </SecondFactorStep>
      </section>
      <p className="aside">
        New here? <a href="#/sign-up">Create an account</a>
      </p>
    </>
  )
}
