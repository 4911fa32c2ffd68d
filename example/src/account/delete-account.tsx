import { orThrow } from 'fastify-minimal-starter-client'
import { useState } from 'react'
import { useClient } from '../client.ts'
import type { PageProps } from '../session.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Form } from '../ui/form.tsx'
import { useFreshSession } from '../ui/fresh-session.tsx'

export function DeleteAccount({ leave }: Pick<PageProps, 'leave'>) {
  const client = useClient()
  const withFreshSession = useFreshSession()
  const [isOpen, setOpen] = useState(false)
  const close = () => setOpen(false)

  const deleteAccount = () =>
    leave('Your account has been deleted.', () => withFreshSession(() => orThrow(client.api.DELETE('/api/users/me'))))
  return (
    <section className="danger-zone">
      <h2>Danger zone</h2>
      <p>Deleting your account also deletes all of its data. You cannot undo this.</p>
      <button type="button" className="danger" onClick={() => setOpen(true)}>
        Delete account
      </button>
      {isOpen && (
        <Dialog title="Delete your account?" onClose={close}>
          <p>Your account and all of its data will be gone for good.</p>
          <Form action="Yes, delete my account" kind="danger" onSubmit={deleteAccount} onCancel={close} />
        </Dialog>
      )}
    </section>
  )
}
