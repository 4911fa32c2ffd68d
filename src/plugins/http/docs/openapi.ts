import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import { isSafeMethod } from '../cookies/cross-origin.ts'
import { shareComponents } from './components.ts'
import { describeFailures, LIMIT_HEADERS } from './failures.ts'
import { toPublished } from './published.ts'

export const TITLE = 'Fastify minimal starter'
const INTRODUCTION = `To try a call that needs a login, sign up with \`POST /api/auth/signup\`, then log in with \`POST /api/auth/login\`. With
\`"authType": "cookie"\`, your browser keeps the session. With \`"authType": "token"\`, paste the \`accessToken\` of the reply under Authorize.

Every failure is \`application/problem+json\` (RFC 9457) with a stable \`code\`.`

type Replies = Record<string, object>

/** `PUT /api/users/me/password` becomes putUsersMePassword. */
function nameOf(method: string, url: string) {
  const words = url.replace(/^\/api/, '').match(/\w+/g) ?? []
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

/**
 * Makes the document from the route schemas. A route that declares a 401 is guarded, unless it has `security: []`, as a route
 * whose body has the credentials does.
 */
export function openApiOptions(app: FastifyInstance): FastifyDynamicSwaggerOptions {
  const strategies = [...app.strategies.values()]
  const others = app.sessionlessCredentials.map(({ openapi }) => openapi)
  const schemes = Object.fromEntries([
    ...strategies.map(({ kind, openapi }) => [kind, openapi.scheme]),
    ...others.map(({ name, scheme }) => [name, scheme])
  ])
  const sessions = strategies.map(({ kind }) => ({ [kind]: [] as string[] }))
  const refusals = [
    Unauthenticated,
    ...[...strategies.map(({ openapi }) => openapi), ...others].flatMap((one) => one.refusals)
  ]

  /** The schemes that open a guarded route. */
  function securityOf(config: FastifyContextConfig) {
    const open = others.map(({ name, scopes }) => [name, scopes(config)] as const)
    return [...sessions, ...open.flatMap(([name, scopes]) => (scopes === null ? [] : [{ [name]: scopes }]))]
  }

  function describe(schema: FastifySchema, method: string, config: FastifyContextConfig): FastifySchema {
    const replies = (schema.response ?? {}) as Replies
    const isGuarded = !schema.security && Object.hasOwn(replies, 401)
    const isUnsafe = !isSafeMethod(method)
    const successes = Object.entries(replies).filter(([status]) => status < '400')
    const response = {
      ...Object.fromEntries(
        successes.map(([status, reply]) => [status, { description: schema.summary, ...reply, headers: LIMIT_HEADERS }])
      ),
      ...describeFailures(schema, isUnsafe, isGuarded ? refusals : [])
    }
    return { ...schema, response, ...(isGuarded && { security: securityOf(config) }) }
  }

  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: TITLE,
        version: '0.2.0',
        description: INTRODUCTION,
        license: { name: 'MIT', identifier: 'MIT' }
      },
      servers: [{ url: '/', description: 'The service that published this document' }],
      components: { securitySchemes: schemes as never }
    },
    hideUntagged: true,
    transformObject: (made) =>
      shareComponents('openapiObject' in made ? made.openapiObject : made.swaggerObject) as never,
    // Keeps the names of schemas, which the package would number.
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, i) => `${$id ?? `def-${i}`}` },
    transform({ schema = {}, url, route }) {
      const method = `${route.method}`
      const named = { ...schema, operationId: nameOf(method, url) }
      return { schema: toPublished(route.config?.isProbe ? named : describe(named, method, route.config ?? {})), url }
    }
  }
}
