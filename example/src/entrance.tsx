import { orThrow } from 'fastify-minimal-starter-client'
import { useContext } from 'react'
import { type Transport, TransportContext, useClient } from './client.ts'
import { Field, Form } from './form.tsx'

const CARRIERS = {
  cookie: 'in a session cookie',
  token: 'in an access token, kept in memory, and a refresh token, kept in a cookie'
}

/** For those who are not logged in. */
export function Entrance({ choose }: { choose: (transport: Transport) => void }) {
  const transport = useContext(TransportContext)
  const client = useClient()

  async function logIn({ usernameOrEmail = '', password = '', remember = '' }) {
    await client.login({ usernameOrEmail, password, remember: remember === 'on' })
  }
  async function signUp({ username = '', email = '', name = '', password = '' }) {
    await orThrow(client.api.POST('/api/auth/signup', { body: { username, email, name, password } }))
    await client.login({ usernameOrEmail: username, password })
  }
  return (
    <>
      <fieldset>
        <legend>Logins are carried</legend>
        {(['cookie', 'token'] as const).map((kind) => (
          <label key={kind}>
            <input type="radio" name="transport" checked={transport === kind} onChange={() => choose(kind)} />
            {CARRIERS[kind]}
          </label>
        ))}
      </fieldset>
      <div className="columns">
        <section>
          <h2>Log in</h2>
          <Form action="Log in" onSubmit={logIn}>
            <Field name="usernameOrEmail" label="User name or e-mail" autoComplete="username" />
            <Field name="password" label="Password" type="password" autoComplete="current-password" />
            <label>
              <input type="checkbox" name="remember" defaultChecked />
              Stay logged in
            </label>
          </Form>
        </section>
        <section>
          <h2>Sign up</h2>
          <Form action="Sign up" onSubmit={signUp}>
            <Field name="username" label="User name" autoComplete="username" hint="3 to 64 letters, digits, . _ -" />
            <Field name="email" label="E-mail" type="email" autoComplete="email" />
            <Field name="name" label="Name" autoComplete="name" />
            <Field
              name="password"
              label="New password"
              type="password"
              autoComplete="new-password"
              hint="8 characters or more"
            />
          </Form>
        </section>
      </div>
    </>
  )
}
