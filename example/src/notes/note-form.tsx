import { ActionButton } from '../ui/action-button.tsx'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import type { Note, NoteValues } from './use-notes.ts'

/** The day of a time as a date input writes it, such as 2026-12-28, in the time zone of the user. Swedish dates look like this. */
const toDay = (time: string | null | undefined) => (time ? new Date(time).toLocaleDateString('sv') : '')
const endOfDay = (day: string) => (day ? new Date(`${day}T23:59:59`).toISOString() : null)

type NoteFormProps = {
  /** The note to edit. Without one, the form is for a new note. */
  note?: Note
  onSave: (values: Pick<NoteValues, 'title' | 'text' | 'dueAt'>) => Promise<void>
  onDelete?: () => Promise<void>
  onCancel: () => void
}

export function NoteForm({ note, onSave, onDelete, onCancel }: NoteFormProps) {
  return (
    <Form
      action={note ? 'Save note' : 'Add note'}
      onSubmit={({ title = '', text = '', day = '' }) => onSave({ title, text, dueAt: endOfDay(day) })}
      onCancel={onCancel}
      buttons={
        onDelete && (
          <ActionButton kind="danger" onClick={onDelete}>
            Delete note
          </ActionButton>
        )
      }
    >
      <Field name="title" label="Title" autoComplete="off" maxLength={200} defaultValue={note?.title} required />
      <Field name="text" label="Text" rows={4} maxLength={10_000} defaultValue={note?.text} />
      <Field name="day" label="Due" type="date" defaultValue={toDay(note?.dueAt)} />
    </Form>
  )
}
