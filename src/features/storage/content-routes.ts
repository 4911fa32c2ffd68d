import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams } from '../../plugins/http/schemas.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { UnsupportedMediaType } from '../../plugins/platform/errors/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import { detached } from '../../plugins/platform/time-budget/time-budget.ts'
import type { Claims } from './claims.ts'
import {
  ChecksumMismatch,
  FileAlreadyStored,
  FileInfected,
  FileNotFound,
  LengthRequired,
  RangeNotSatisfiable,
  ScannerUnavailable,
  SizeMismatch,
  StorageUnavailable,
  UploadExpired,
  UploadInProgress
} from './errors.ts'
import type { Files } from './files.ts'
import { IMAGE_TYPES } from './image-type.ts'
import { toReply } from './routes.ts'
import { contentReplies, FileReply, OCTETS, octets } from './schemas.ts'
import type { SendFile } from './send.ts'
import type { Uploads } from './uploads.ts'

type Parts = { files: Files; claims: Claims; uploads: Uploads; sendFile: SendFile }

/** /api/files/:id/content */
export function createContentRoutes({ files, claims, uploads, sendFile }: Parts): FastifyPluginAsyncTypebox {
  return async (app) => {
    const tags = ['files']
    app.addHook('onRequest', app.authenticate)

    // No form can send this type, so a page of another origin always needs a preflight. Nothing parses it.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(OCTETS, (_request, _body, done) => done(null))
    app.addContentTypeParser('*', (_request, _body, done) => {
      done(Object.assign(new UnsupportedMediaType(), { message: `The body must be uncompressed ${OCTETS}` }))
    })

    app.put('/:id/content', {
      schema: {
        summary: 'Send the content of a file',
        tags,
        params: IdParams,
        body: { content: octets },
        response: {
          200: FileReply,
          ...problems(400, 401, FileNotFound, UploadInProgress, FileAlreadyStored, UploadExpired),
          ...problems(
            LengthRequired,
            SizeMismatch,
            ChecksumMismatch,
            FileInfected,
            StorageUnavailable,
            ScannerUnavailable
          )
        }
      },
      config: { timesOwnBody: true },
      // An upload may take longer than a request may wait.
      handler: (request) =>
        detached(async () => {
          const { 'content-length': length } = request.headers
          if (length === undefined) throw new LengthRequired()
          const file = await claims.find(accountOf(request).userId, request.params.id, new Date())
          if (Number(length) !== file.size) throw new SizeMismatch()
          return toReply(await uploads.receive(await claims.claim(file, new Date()), request.raw))
        })
    })

    app.get('/:id/content', {
      schema: {
        summary: 'Get the content of a file, or a range of it',
        tags,
        params: IdParams,
        response: {
          ...contentReplies([OCTETS, ...IMAGE_TYPES]),
          ...problems(401, FileNotFound, RangeNotSatisfiable, StorageUnavailable)
        }
      },
      compress: false,
      handler: async (request, reply) => {
        return sendFile(reply, await files.find(accountOf(request).userId, request.params.id, new Date()))
      }
    })
  }
}
