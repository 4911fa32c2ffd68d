import { orThrow } from 'fastify-minimal-starter-client'
import { useClient } from './client.ts'
import { Field, Form } from './form.tsx'
import { useTick } from './time.tsx'

/** Deletes the account. That needs a fresh session, one whose password was entered a short time ago. */
export function DeleteAccount({ freshUntil, onRenewed }: { freshUntil: string; onRenewed: () => Promise<void> }) {
  const client = useClient()
  useTick(1000)
  const seconds = Math.max(0, Math.ceil((Date.parse(freshUntil) - Date.now()) / 1000))

  async function deleteAccount() {
    if (!confirm('Delete your account and all of its data? This cannot be undone.')) return
    await orThrow(client.api.DELETE('/api/users/me'))
    await onRenewed()
  }
  async function reauthenticate({ password = '' }) {
    await client.reauthenticate(password)
    await onRenewed()
  }
  return (
    <section>
      <h2>Delete account</h2>
      {seconds === 0 ? (
        <>
          <p>To delete your account, confirm your password first.</p>
          <Form action="Confirm password" onSubmit={reauthenticate}>
            <Field name="password" label="Password" type="password" autoComplete="current-password" />
          </Form>
        </>
      ) : (
        <>
          <p>
            This permanently deletes your account and all of its data. For the next {Math.ceil(seconds / 60)} min you
            can do it without entering your password again.
          </p>
          <Form action="Delete account" className="danger" onSubmit={deleteAccount} />
        </>
      )}
    </section>
  )
}
