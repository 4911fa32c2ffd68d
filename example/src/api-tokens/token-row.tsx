import { useState } from 'react'
import { Dialog } from '../ui/dialog.tsx'
import { Form } from '../ui/form.tsx'
import { Terminal } from '../ui/icons.tsx'
import { Row } from '../ui/row.tsx'
import { Ago, Day } from '../ui/time.tsx'
import { ABILITIES, type Token } from './abilities.ts'

export function TokenRow({ token, remove }: { token: Token; remove: (id: string) => Promise<void> }) {
  const { id, name, abilities, expiresAt, lastUsedAt } = token
  const [isRemoving, setRemoving] = useState(false)
  return (
    <Row
      icon={<Terminal />}
      title={name}
      details={
        <>
          {abilities.map((ability) => ABILITIES[ability] ?? ability).join(' · ')}
          <br />
          Valid until <Day at={expiresAt} /> · {lastUsedAt ? <Used at={lastUsedAt} /> : 'not used yet'}
        </>
      }
      action={(about) => (
        <button type="button" aria-describedby={about} onClick={() => setRemoving(true)}>
          Delete
        </button>
      )}
    >
      {isRemoving && (
        <Dialog title="Delete this token?" onClose={() => setRemoving(false)}>
          <p>Whatever uses “{name}” stops working at once.</p>
          <Form action="Yes, delete it" kind="danger" onSubmit={() => remove(id)} onCancel={() => setRemoving(false)} />
        </Dialog>
      )}
    </Row>
  )
}

const Used = ({ at }: { at: string }) => (
  <>
    last used <Ago at={at} />
  </>
)
