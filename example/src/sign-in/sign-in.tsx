import { useClient } from '../client.ts'
import { ForgotPasswordLink } from '../recovery/forgot-password.tsx'
import { SecondFactorStep } from '../second-factor/step.tsx'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'

export function SignIn() {
  const client = useClient()

  async function signIn({ usernameOrEmail = '', password = '', remember = '' }) {
    await client.login({ usernameOrEmail, password, remember: remember === 'on' })
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
              autoComplete="username"
              autoCapitalize="none"
              required
            />
            <Field name="password" label="Password" type="password" autoComplete="current-password" required />
            <label>
              <input type="checkbox" name="remember" defaultChecked />
              Keep me signed in
            </label>
          </Form>
          <ForgotPasswordLink />
        </SecondFactorStep>
      </section>
      <p className="aside">
        New here? <a href="#/sign-up">Create an account</a>
      </p>
    </>
  )
}
