import type { createClient } from 'fastify-minimal-starter-client'
import { useState } from 'react'
import { useClient } from '../client.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Form } from '../ui/form.tsx'
import { Document, Photo } from '../ui/icons.tsx'
import { Row } from '../ui/row.tsx'
import { Day } from '../ui/time.tsx'
import { describeSize } from './size.ts'

type Client = ReturnType<typeof createClient>
export type StoredFile = Awaited<ReturnType<Client['files']['get']>>

export function FileRow({ file, reload }: { file: StoredFile; reload: () => Promise<unknown> }) {
  const { id, name, size, type, createdAt } = file
  const client = useClient()
  const [isDeleting, setDeleting] = useState(false)

  async function remove() {
    await client.files.remove(id)
    await reload()
  }
  return (
    <Row
      icon={type ? <Photo /> : <Document />}
      title={name}
      details={
        <>
          {describeSize(size)} · <Day at={createdAt} />
        </>
      }
      action={(about) => (
        <div className="buttons">
          <ActionButton about={about} onClick={() => client.files.download(file)}>
            Download
          </ActionButton>
          <button type="button" aria-describedby={about} onClick={() => setDeleting(true)}>
            Delete
          </button>
        </div>
      )}
    >
      {isDeleting && (
        <Dialog title="Delete this file?" onClose={() => setDeleting(false)}>
          <p>“{name}” will be gone for good. If it is your picture, your initials will be back.</p>
          <Form action="Yes, delete it" kind="danger" onSubmit={remove} onCancel={() => setDeleting(false)} />
        </Dialog>
      )}
    </Row>
  )
}
