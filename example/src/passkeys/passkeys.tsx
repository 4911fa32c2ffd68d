import { useCallback, useState } from 'react'
import { useClient } from '../client.ts'
import type { Security } from '../security/use-security.ts'
import { describeDevice } from '../ui/device.tsx'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { useFreshSession } from '../ui/fresh-session.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { useLoaded } from '../ui/use-loaded.ts'
import { useOpener } from '../ui/use-opener.ts'
import { withWords } from './in-words.ts'
import { PasskeyRow } from './passkey-row.tsx'

/** The passkeys of the user. Nothing if the service has no passkeys. */
export const Passkeys = ({ security: { passkeys } }: { security: Security }) => passkeys !== undefined && <List />

function List() {
  const client = useClient()
  const withFreshSession = useFreshSession()
  const { isOpen, open, close, button, panel } = useOpener()
  const load = useCallback(() => client.passkeys.list(), [client])
  const { value: passkeys, error, reload } = useLoaded(load)
  const [status, setStatus] = useState('')

  async function add({ name = '' }) {
    await withWords(() => withFreshSession(() => client.passkeys.add(name)))
    await reload()
    setStatus('The passkey was added.')
    close()
  }
  return (
    <section>
      <div className="heading">
        <h2>Passkeys</h2>
        {!isOpen && client.passkeys.isSupported() && (
          <button type="button" ref={button} onClick={open}>
            Add a passkey
          </button>
        )}
      </div>
      {error && <Failed error={error} retry={reload} />}
      {!passkeys && !error && <Loading rows={1} />}
      {passkeys?.length === 0 && (
        <p>
          Sign in with your fingerprint, your face, or the PIN of your device. No password to type, and none to steal.
        </p>
      )}
      {isOpen && (
        <div ref={panel}>
          <Form action="Continue" onSubmit={add} onCancel={close}>
            <Field
              name="name"
              label="Name of the passkey"
              hint="To recognize it later. Next, your browser asks where to keep it."
              defaultValue={describeDevice(navigator.userAgent)}
              maxLength={64}
              required
            />
          </Form>
        </div>
      )}
      <ul className="rows">
        {passkeys?.map((passkey) => (
          <PasskeyRow key={passkey.id} passkey={passkey} reload={reload} />
        ))}
      </ul>
      <p role="status">{status}</p>
    </section>
  )
}
