import { useState } from 'react'
import { Endless } from '../ui/endless.tsx'
import { Notebook } from '../ui/icons.tsx'
import { messageOf } from '../ui/messages.ts'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { useOpener } from '../ui/use-opener.ts'
import { NoteForm } from './note-form.tsx'
import { NoteRow } from './note-row.tsx'
import './notes.css'
import { useNotes } from './use-notes.ts'

export function Notes() {
  const { notes, error, hasMore, reload, loadMore, create, isCreating, update, remove } = useNotes()
  const { isOpen, open, close, button, panel } = useOpener()
  const [failure, setFailure] = useState('')

  /** For a change without a form: its error is shown above the list. */
  async function attempt(change: Promise<void>) {
    setFailure('')
    await change.catch((error) => setFailure(messageOf(error)))
  }
  return (
    <>
      <div className="heading">
        <h1>Notes</h1>
        <button type="button" ref={button} className="primary" hidden={isOpen} onClick={open}>
          New note
        </button>
      </div>
      {isOpen && (
        // Only hidden while the note is being saved, so that nothing is lost if the service refuses it.
        <section ref={panel} hidden={isCreating}>
          <NoteForm
            onSave={async (values) => {
              await create({ ...values, isDone: false })
              close()
            }}
            onCancel={close}
          />
        </section>
      )}
      <p role="alert">{failure}</p>
      {error && <Failed error={error} retry={notes ? loadMore : reload} />}
      {!notes && !error && <Loading />}
      {notes?.length === 0 && !isOpen && (
        <Empty icon={<Notebook />}>
          <h2>No notes yet</h2>
          <p>Write down what you do not want to forget.</p>
        </Empty>
      )}
      <ul className="notes">
        {notes?.map((note) => (
          <NoteRow
            key={note.id}
            note={note}
            save={(values) => update(note, values)}
            toggle={() => attempt(update(note, { isDone: !note.isDone }))}
            remove={() => attempt(remove(note))}
          />
        ))}
      </ul>
      {hasMore && !error && <Endless loadMore={loadMore} />}
    </>
  )
}
