import { useClient } from '../client.ts'
import { Providers } from '../oidc/providers.tsx'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { go } from '../ui/router.ts'

export function SignUp() {
  const client = useClient()

  async function signUp({ username = '', email = '', name = '', password = '' }) {
    await client.signUp({ username, email, name, password })
    go('')
  }
  return (
    <>
      <section>
        <h1>Create an account</h1>
        <Form action="Create account" onSubmit={signUp}>
          <Field name="name" label="Name" autoComplete="name" required />
          <Field name="email" label="Email" type="email" autoComplete="email" required />
          <Field
            name="username"
            label="Username"
            autoComplete="username"
            autoCapitalize="none"
            hint="3 to 64 letters, digits, or . _ -"
            required
          />
          <Field
            name="password"
            label="Password"
            type="password"
            autoComplete="new-password"
            hint="At least 8 characters"
            required
          />
        </Form>
        <Providers />
      </section>
      <p className="aside">
        Already have an account? <a href="#/sign-in">Sign in</a>
      </p>
    </>
  )
}
