import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { IdParams, NoContent } from '../../plugins/http/schemas.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import type { Avatars } from './avatars.ts'
import { FileNotFound, NotAnImage, RangeNotSatisfiable, StorageUnavailable } from './errors.ts'
import type { Files } from './files.ts'
import { IMAGE_TYPES } from './image-type.ts'
import { AvatarBody, contentReplies } from './schemas.ts'

/** Who may see a picture is decided here: everybody who is logged in. */
export function createAvatarRoutes(avatars: Avatars, files: Files): FastifyPluginAsyncTypebox {
  return async (app) => {
    const tags = ['users']
    app.addHook('onRequest', app.authenticate)

    app.put('/me/avatar', {
      schema: {
        summary: 'Make one of your files your picture',
        tags,
        body: AvatarBody,
        response: { 204: NoContent, ...problems(400, 401, FileNotFound, NotAnImage) }
      },
      bodyLimit: SMALL_BODY,
      handler: async (request, reply) => {
        const { userId } = accountOf(request)
        const file = await files.find(userId, request.body.fileId, new Date())
        if (file?.state !== 'stored') throw new FileNotFound()
        if (file.type === null) throw new NotAnImage()
        await avatars.set(userId, file)
        reply.code(204)
      }
    })

    app.delete('/me/avatar', {
      schema: { summary: 'Remove your picture', tags, response: { 204: NoContent, ...problems(401) } },
      handler: async (request, reply) => {
        await avatars.remove(accountOf(request).userId)
        reply.code(204)
      }
    })

    app.get('/:id/avatar', {
      schema: {
        summary: 'Get the picture of a user',
        tags,
        params: IdParams,
        response: {
          ...contentReplies(IMAGE_TYPES),
          ...problems(401, FileNotFound, RangeNotSatisfiable, StorageUnavailable)
        }
      },
      compress: false,
      handler: async (request, reply) => {
        return app.files?.send(reply, await avatars.find(request.params.id))
      }
    })
  }
}
