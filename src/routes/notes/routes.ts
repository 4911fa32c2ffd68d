import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, NoContent } from '../../plugins/http/schemas.ts'
import { userIdOf } from '../../plugins/identity/auth/account.ts'
import { Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import { NoteNotFound } from './errors.ts'
import { createNotes } from './notes.ts'
import { ListQuery, ListReply, NoteBody, NoteChanges, NoteReply } from './schemas.ts'

/** /api/notes: an example to copy or delete. */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const notes = createNotes(app.db, app.tables)
  const tags = ['notes']

  function found<T>(note: T | null): T {
    if (note === null) throw new NoteNotFound()
    return note
  }

  // Guards the whole scope, so that no route added here is open by mistake.
  app.addHook('onRequest', app.authenticate)

  app.post('', {
    config: { ability: 'notes:write' },
    schema: { summary: 'Create a note', tags, body: NoteBody, response: { 201: NoteReply, ...problems(400, 401) } },
    handler: async (request, reply) => {
      const note = await notes.create(userIdOf(request), request.body, new Date())
      if (note === null) throw new Unauthenticated()
      return reply.code(201).send(note)
    }
  })

  app.get('', {
    config: { ability: 'notes:read' },
    schema: {
      summary: 'List your notes, newest first',
      tags,
      querystring: ListQuery,
      response: { 200: ListReply, ...problems(400, 401) }
    },
    handler: async (request) => notes.list(userIdOf(request), request.query.limit, request.query.cursor)
  })

  app.get('/:id', {
    config: { ability: 'notes:read' },
    schema: {
      summary: 'Get a note',
      tags,
      params: IdParams,
      response: { 200: NoteReply, ...problems(401, NoteNotFound) }
    },
    handler: async (request) => found(await notes.find(userIdOf(request), request.params.id))
  })

  app.patch('/:id', {
    config: { ability: 'notes:write' },
    schema: {
      summary: 'Change a note',
      tags,
      params: IdParams,
      body: NoteChanges,
      response: { 200: NoteReply, ...problems(400, 401, NoteNotFound) }
    },
    handler: async (request) =>
      found(await notes.update(userIdOf(request), request.params.id, request.body, new Date()))
  })

  app.delete('/:id', {
    config: { ability: 'notes:write' },
    schema: {
      summary: 'Delete a note',
      tags,
      params: IdParams,
      response: { 204: NoContent, ...problems(401, NoteNotFound) }
    },
    handler: async (request, reply) => {
      found(await notes.remove(userIdOf(request), request.params.id))
      reply.code(204)
    }
  })
}

export default routes
