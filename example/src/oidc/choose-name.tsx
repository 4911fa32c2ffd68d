import { useClient } from '../client.ts'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { go } from '../ui/router.ts'
import { useNewcomer } from './use-newcomer.ts'

/** The last step of a sign-up with a provider. */
export function ChooseName() {
  const client = useClient()
  const newcomer = useNewcomer()

  async function signUp({ username = '', name = '' }) {
    await client.oidc.signUp({ username, name })
    go('')
  }
  return (
    <>
      <section>
        <h1>Almost done</h1>
        {newcomer ? (
          <>
            <p>You are signing up as {newcomer.email}.</p>
            <Form action="Create account" onSubmit={signUp}>
              <Field name="name" label="Name" autoComplete="name" defaultValue={newcomer.name ?? ''} required />
              <Field
                name="username"
                label="Username"
                autoComplete="username"
                autoCapitalize="none"
                hint="3 to 64 letters, digits, or . _ -"
                required
              />
            </Form>
          </>
        ) : (
          <p role="status">That took too long. Begin again.</p>
        )}
      </section>
      <p className="aside">
        <a href="#/sign-in">Back to sign in</a>
      </p>
    </>
  )
}
