import createError from '@fastify/error'

/** Also for the note of another user: ids cannot be probed. */
export const NoteNotFound = createError('NOTE_NOT_FOUND', 'You have no note with this id', 404)
