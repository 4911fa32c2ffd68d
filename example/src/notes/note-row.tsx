import { Day } from '../ui/time.tsx'
import { useOpener } from '../ui/use-opener.ts'
import { NoteForm } from './note-form.tsx'
import type { Note, NoteValues } from './use-notes.ts'

type NoteRowProps = {
  note: Note
  save: (values: Partial<NoteValues>) => Promise<void>
  toggle: () => Promise<void>
  remove: () => Promise<void>
}

/** A note of the list. Opening it shows a form in its place. */
export function NoteRow({ note, save, toggle, remove }: NoteRowProps) {
  const { isOpen, open, close, button, panel } = useOpener()
  const isOverdue = !note.isDone && note.dueAt !== null && Date.parse(note.dueAt) < Date.now()
  // While the changes are being saved the form is only hidden, so that nothing is lost if the service refuses them.
  const isEditing = isOpen && !note.isSaving
  return (
    <li aria-busy={note.isSaving}>
      {!isEditing && (
        <div className={note.isDone ? 'note done' : 'note'}>
          <input
            type="checkbox"
            aria-label={`Done: ${note.title}`}
            checked={note.isDone}
            onChange={() => void toggle()}
          />
          <button type="button" ref={button} onClick={open}>
            <strong>{note.title}</strong>
            {note.text && <span>{note.text}</span>}
            {note.dueAt && (
              <small className={isOverdue ? 'error' : undefined}>
                {isOverdue ? 'Overdue since ' : 'Due '}
                <Day at={note.dueAt} />
              </small>
            )}
          </button>
        </div>
      )}
      {isOpen && (
        <div ref={panel} hidden={!isEditing}>
          <NoteForm
            note={note}
            onSave={async (values) => {
              await save(values)
              close()
            }}
            onDelete={remove}
            onCancel={close}
          />
        </div>
      )}
    </li>
  )
}
