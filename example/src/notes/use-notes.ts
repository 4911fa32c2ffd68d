import { orThrow } from 'fastify-minimal-starter-client'
import { startTransition, useCallback, useOptimistic } from 'react'
import { useClient } from '../client.ts'
import { useList } from '../ui/use-list.ts'

export type NoteValues = { title: string; text: string; dueAt: string | null; isDone: boolean }
export type Note = NoteValues & { id: string; createdAt: string; isSaving?: boolean }

/** The id of a note that the service has not stored yet. */
const NEW = 'new'
type Change = { put: Note } | { remove: string }

/** Replaces or removes a note of the list; a note that is not there yet becomes the first. */
function apply(notes: Note[] | undefined, change: Change): Note[] {
  const list = notes ?? []
  if ('remove' in change) return list.filter(({ id }) => id !== change.remove)
  const { put } = change
  return list.some(({ id }) => id === put.id) ? list.map((note) => (note.id === put.id ? put : note)) : [put, ...list]
}

/**
 * The notes of the user. A change shows at once, marked as `isSaving`. When the service has answered, its reply takes the place
 * of what was expected; if it refuses, the list goes back to what it was, and the promise of the change rejects.
 */
export function useNotes() {
  const client = useClient()
  const load = useCallback(
    async (cursor?: string) => {
      const { notes, nextCursor } = await orThrow(client.api.GET('/api/notes', { params: { query: { cursor } } }))
      return { items: notes as Note[], nextCursor }
    },
    [client]
  )
  const { items, change, ...list } = useList(load)
  const [notes, expect] = useOptimistic(items, apply)

  const save = (expected: Change, call: () => Promise<Change>) =>
    new Promise<void>((resolve, reject) => {
      startTransition(async () => {
        expect(expected)
        try {
          const result = await call()
          startTransition(() => change((now) => apply(now, result)))
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
  return {
    ...list,
    notes,
    isCreating: notes?.some(({ id }) => id === NEW),
    create: (values: NoteValues) =>
      save({ put: { ...values, id: NEW, createdAt: new Date().toISOString(), isSaving: true } }, async () => ({
        put: await orThrow(client.api.POST('/api/notes', { body: values }))
      })),
    update: (note: Note, changes: Partial<NoteValues>) =>
      save({ put: { ...note, ...changes, isSaving: true } }, async () => ({
        put: await orThrow(client.api.PATCH('/api/notes/{id}', { params: { path: { id: note.id } }, body: changes }))
      })),
    remove: ({ id }: Note) =>
      save({ remove: id }, async () => {
        await orThrow(client.api.DELETE('/api/notes/{id}', { params: { path: { id } } }))
        return { remove: id }
      })
  }
}
