import { orThrow } from 'fastify-minimal-starter-client'
import { useEffect, useState } from 'react'
import { useClient } from './client.ts'
import { Field, Form } from './form.tsx'

function useSecondsUntil(time: string) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return Math.max(0, Math.ceil((Date.parse(time) - now) / 1000))
}

/** What needs a fresh login, one whose password was given lately. */
export function Freshness({ freshUntil, onRenewed }: { freshUntil: string; onRenewed: () => Promise<void> }) {
  const client = useClient()
  const seconds = useSecondsUntil(freshUntil)

  async function deleteAccount() {
    if (!confirm('Delete this account and all that is in it?')) return
    await orThrow(client.api.DELETE('/api/users/me'))
    await onRenewed()
  }
  async function reauthenticate({ password = '' }) {
    await client.reauthenticate(password)
    await onRenewed()
  }
  if (seconds === 0)
    return (
      <section>
        <h2>This login is not fresh</h2>
        <p>The password was given a while ago. To delete the account, give it again.</p>
        <Form action="Make it fresh" onSubmit={reauthenticate}>
          <Field name="password" label="Password" type="password" autoComplete="current-password" />
        </Form>
      </section>
    )
  return (
    <section>
      <h2>This login is fresh</h2>
      <p>
        The password was given lately: for {Math.floor(seconds / 60)} min {seconds % 60} s the account can be deleted.
      </p>
      <Form action="Delete my account" className="danger" onSubmit={deleteAccount} />
    </section>
  )
}
