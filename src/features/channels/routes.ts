import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { hasBearer } from '../../plugins/http/cookies/bearer.ts'
import { CrossOriginRequest } from '../../plugins/http/cookies/errors.ts'
import { closed } from '../../plugins/http/schemas.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import { UpgradeRequired } from './errors.ts'
import type { Sockets } from './sockets.ts'
import type { Realtime } from './types.ts'
import type { Upgrades } from './upgrades.ts'

const SocketQuery = Type.Object(
  {
    ticket: Type.Optional(
      Type.String({ description: 'From `POST /api/realtime/tickets`, in place of a cookie or token' })
    )
  },
  closed
)
/** RFC 9110, 15.5.22 and RFC 6455, 4.4 */
const EXPECTED = { upgrade: 'websocket', 'sec-websocket-version': '13' }

/** /api/realtime/socket */
export function createRoutes(
  sockets: Sockets,
  upgrades: Upgrades,
  authenticateStream: Realtime['authenticateStream']
): FastifyPluginAsyncTypebox {
  return async (app) => {
    /** CORS does not cover WebSockets: with a cookie, only the Origin shows which page opens one. Every browser sends it. */
    async function requireOrigin({ headers, query }: FastifyRequest) {
      const isByCookie = headers.cookie !== undefined && !hasBearer(headers) && !('ticket' in (query as object))
      if (isByCookie && headers.origin === undefined) throw new CrossOriginRequest()
    }
    async function requireUpgrade({ raw }: FastifyRequest) {
      if (!upgrades.isHandshake(raw)) throw Object.assign(new UpgradeRequired(), { headers: EXPECTED })
    }

    app.get('/socket', {
      schema: {
        summary: 'Open a WebSocket for channels',
        tags: ['notifications'],
        querystring: SocketQuery,
        response: {
          101: Type.Null({ description: 'The socket is open: see docs/channels.md for what it carries' }),
          ...problems(400, 401, TicketInvalid, CrossOriginRequest, UpgradeRequired)
        }
      },
      exposeHeadRoute: false,
      onRequest: [requireOrigin, authenticateStream, requireUpgrade],
      handler: async (request, reply) => {
        const { userId, sid } = accountOf(request)
        await sockets.open({ userId, sid }, request, reply)
      }
    })
  }
}
