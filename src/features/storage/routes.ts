import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, NoContent } from '../../plugins/http/schemas.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import { FileNotFound, FileTooLarge, QuotaExceeded } from './errors.ts'
import type { Files } from './files.ts'
import { FileList, FileQuery, FileReply, NewFile, NewFileReply } from './schemas.ts'
import type { StoredFile } from './tables.ts'

/** The reply shows a file as its owner sees it: without states that only the cleanup knows. */
export const toReply = (file: StoredFile) => ({ ...file, state: file.state as 'pending' | 'uploading' | 'stored' })

/** /api/files, apart from their content */
export function createRoutes(files: Files, maxFile: number): FastifyPluginAsyncTypebox {
  return async (app) => {
    const tags = ['files']

    function found(file: StoredFile | null) {
      if (file === null) throw new FileNotFound()
      return toReply(file)
    }

    app.addHook('onRequest', app.authenticate)

    app.post('', {
      schema: {
        summary: 'Create a file, then send its content with the request that the reply describes',
        tags,
        body: NewFile,
        response: { 201: NewFileReply, ...problems(400, 401, FileTooLarge, QuotaExceeded) }
      },
      handler: async (request, reply) => {
        if (request.body.size > maxFile) throw new FileTooLarge()
        const file = await files.create(accountOf(request).userId, request.body, new Date())
        if (file?.sweepAt == null) throw new Unauthenticated()
        const upload = { method: 'PUT' as const, url: `/api/files/${file.id}/content`, expiresAt: file.sweepAt }
        return reply.code(201).send({ file: toReply(file), upload })
      }
    })

    app.get('', {
      schema: {
        summary: 'List your files, newest first',
        tags,
        querystring: FileQuery,
        response: { 200: FileList, ...problems(400, 401) }
      },
      handler: async (request) => {
        const { limit, cursor } = request.query
        const { files: page, nextCursor } = await files.list(accountOf(request).userId, limit, cursor, new Date())
        return { files: page.map(toReply), nextCursor }
      }
    })

    app.get('/:id', {
      schema: {
        summary: 'Get a file, without its content',
        tags,
        params: IdParams,
        response: { 200: FileReply, ...problems(401, FileNotFound) }
      },
      handler: async (request) => found(await files.find(accountOf(request).userId, request.params.id, new Date()))
    })

    app.delete('/:id', {
      schema: {
        summary: 'Delete a file',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems(401, FileNotFound) }
      },
      handler: async (request, reply) => {
        const isRemoved = await files.remove(accountOf(request).userId, request.params.id, new Date())
        if (!isRemoved) throw new FileNotFound()
        reply.code(204)
      }
    })
  }
}
