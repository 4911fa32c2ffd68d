import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { userIdOf } from '../src/plugins/identity/auth/account.ts'
import { UUID_PATTERN } from '../src/plugins/platform/db/ids.ts'
import { NotFound } from '../src/plugins/platform/errors/errors.ts'
import { problems } from '../src/plugins/platform/errors/schemas.ts'

// A guarded resource for tests, so that they can send bodies, queries, and parameters whatever resources the
// service has. `build` mounts it at /api/probe.

const closed = { additionalProperties: false }
const title = Type.String({ minLength: 1, maxLength: 200 })
const text = Type.String({ maxLength: 10_000 })
const Item = Type.Object({ id: Type.String(), title, text }, closed)
const Params = Type.Object({ id: Type.String() })

/** /api/probe: items in memory, hidden from the OpenAPI document. */
export const probe: FastifyPluginAsyncTypebox = async (app) => {
  const items = new Map<string, { id: string; userId: string; title: string; text: string }>()
  let count = 0

  function find(userId: string, id: string) {
    const item = items.get(id)
    if (item?.userId !== userId) throw new NotFound()
    return item
  }

  app.addHook('onRoute', (route) => {
    route.schema = Object.assign({}, route.schema, { hide: true })
  })
  app.addHook('onRequest', app.authenticate)

  app.post('', {
    config: { ability: 'probe:write' },
    schema: { body: Type.Object({ title, text }, closed), response: { 201: Item, ...problems(400, 401) } },
    handler: async (request, reply) => {
      const item = { id: `item-${count++}`, userId: userIdOf(request), ...request.body }
      items.set(item.id, item)
      return reply.code(201).send(item)
    }
  })
  app.get('', {
    config: { ability: 'probe:read' },
    schema: {
      querystring: Type.Object(
        {
          limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
          cursor: Type.Optional(Type.String({ pattern: UUID_PATTERN }))
        },
        closed
      ),
      response: { 200: Type.Object({ items: Type.Array(Item) }, closed), ...problems(400, 401) }
    },
    handler: async (request) => ({
      items: [...items.values()].filter(({ userId }) => userId === userIdOf(request))
    })
  })
  app.get('/:id', {
    config: { ability: 'probe:read' },
    schema: { params: Params, response: { 200: Item, ...problems(401, NotFound) } },
    handler: async (request) => find(userIdOf(request), request.params.id)
  })
  app.patch('/:id', {
    config: { ability: 'probe:write' },
    schema: {
      params: Params,
      body: Type.Object({ title: Type.Optional(title), text: Type.Optional(text) }, closed),
      response: { 200: Item, ...problems(400, 401, NotFound) }
    },
    handler: async (request) => Object.assign(find(userIdOf(request), request.params.id), request.body)
  })
  app.delete('/:id', {
    config: { ability: 'probe:write' },
    schema: { params: Params, response: { 204: Type.Null(), ...problems(401, NotFound) } },
    handler: async (request, reply) => {
      items.delete(find(userIdOf(request), request.params.id).id)
      reply.code(204)
    }
  })
}
