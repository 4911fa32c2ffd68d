import createError from '@fastify/error'

/** Also for a note of another user, so that ids cannot be probed. */
export const NoteNotFound = createError('NOTE_NOT_FOUND', 'You have no note with this id', 404)
