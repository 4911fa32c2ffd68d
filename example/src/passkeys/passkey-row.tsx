import type { createClient } from 'fastify-minimal-starter-client'
import { useState } from 'react'
import { useClient } from '../client.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { useFreshSession } from '../ui/fresh-session.tsx'
import { Fingerprint } from '../ui/icons.tsx'
import { Row } from '../ui/row.tsx'
import { Ago, Day } from '../ui/time.tsx'
import { useOpener } from '../ui/use-opener.ts'
import { withWords } from './in-words.ts'

type Client = ReturnType<typeof createClient>
type Passkey = Awaited<ReturnType<Client['passkeys']['list']>>[number]

export function PasskeyRow({ passkey, reload }: { passkey: Passkey; reload: () => Promise<void> }) {
  const { id, name, createdAt, lastUsedAt, synced } = passkey
  const client = useClient()
  const withFreshSession = useFreshSession()
  const { isOpen, open, close, button, panel } = useOpener()
  const [isRemoving, setRemoving] = useState(false)

  async function rename({ name = '' }) {
    await withFreshSession(() => client.passkeys.rename(id, name))
    await reload()
    close()
  }
  async function remove() {
    await withWords(() => withFreshSession(() => client.passkeys.remove(id)))
    await reload()
  }
  return (
    <Row
      icon={<Fingerprint />}
      title={name}
      badge={synced && 'Synced'}
      details={
        <>
          Added <Day at={createdAt} /> ·{' '}
          {lastUsedAt ? (
            <>
              last used <Ago at={lastUsedAt} />
            </>
          ) : (
            'not used yet'
          )}
        </>
      }
      action={(about) =>
        !isOpen && (
          <div className="buttons">
            <button type="button" ref={button} aria-describedby={about} onClick={open}>
              Rename
            </button>
            <button type="button" aria-describedby={about} onClick={() => setRemoving(true)}>
              Remove
            </button>
          </div>
        )
      }
    >
      {isOpen && (
        <div ref={panel} className="panel">
          <Form action="Save name" onSubmit={rename} onCancel={close}>
            <Field name="name" label="Name of the passkey" defaultValue={name} maxLength={64} required />
          </Form>
        </div>
      )}
      {isRemoving && (
        <Dialog title="Remove this passkey?" onClose={() => setRemoving(false)}>
          <p>
            “{name}” will no longer sign you in. Delete it on your device, too: in the settings for passwords and
            passkeys.
          </p>
          <Form action="Yes, remove it" kind="danger" onSubmit={remove} onCancel={() => setRemoving(false)} />
        </Dialog>
      )}
    </Row>
  )
}
