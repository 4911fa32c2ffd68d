import { orThrow } from 'fastify-minimal-starter-client'
import { useContext } from 'react'
import { type Transport, TransportContext, useClient } from './client.ts'
import { Field, Form } from './form.tsx'

const TRANSPORTS = {
  cookie: 'Session cookie',
  token: 'Access token in memory, refresh token in a cookie'
}

/** The page of a visitor who is not signed in. */
export function SignIn({ choose }: { choose: (transport: Transport) => void }) {
  const transport = useContext(TransportContext)
  const client = useClient()

  async function signIn({ usernameOrEmail = '', password = '', remember = '' }) {
    await client.login({ usernameOrEmail, password, remember: remember === 'on' })
  }
  async function signUp({ username = '', email = '', name = '', password = '' }) {
    await orThrow(client.api.POST('/api/auth/signup', { body: { username, email, name, password } }))
    await client.login({ usernameOrEmail: username, password })
  }
  return (
    <>
      <div className="columns">
        <section>
          <h2>Sign in</h2>
          <Form action="Sign in" onSubmit={signIn}>
            <Field name="usernameOrEmail" label="Username or email" autoComplete="username" />
            <Field name="password" label="Password" type="password" autoComplete="current-password" />
            <label>
              <input type="checkbox" name="remember" defaultChecked />
              Keep me signed in
            </label>
          </Form>
        </section>
        <section>
          <h2>Create an account</h2>
          <Form action="Create account" onSubmit={signUp}>
            <Field name="name" label="Name" autoComplete="name" />
            <Field name="email" label="Email" type="email" autoComplete="email" />
            <Field name="username" label="Username" autoComplete="username" hint="3 to 64 letters, digits, or . _ -" />
            <Field
              name="password"
              label="New password"
              type="password"
              autoComplete="new-password"
              hint="At least 8 characters"
            />
          </Form>
        </section>
      </div>
      <fieldset>
        <legend>For developers: how your session is stored</legend>
        {(['cookie', 'token'] as const).map((kind) => (
          <label key={kind}>
            <input type="radio" name="transport" checked={transport === kind} onChange={() => choose(kind)} />
            {TRANSPORTS[kind]}
          </label>
        ))}
      </fieldset>
    </>
  )
}
