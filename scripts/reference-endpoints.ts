import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keywords } from '../src/plugins/platform/errors/member-errors.ts'

// docs/endpoints.md, from docs/openapi.json.

const code = (text: string) => `\`${text}\``

type Schema = {
  type?: string
  enum?: string[]
  required?: string[]
  properties?: Record<string, Schema>
  anyOf?: Schema[]
}
type Content = { content?: Record<string, { schema: Schema; examples?: Record<string, unknown> }> }
type Parameter = { name: string; in: string; required?: boolean }
type Operation = {
  summary: string
  tags: string[]
  security?: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: Content
  responses: Record<string, Content & { $ref?: string }>
}
type Document = { paths: Record<string, Record<string, Operation>>; components: { responses: Record<string, Content> } }

const schemaOf = ({ content }: Content) => Object.values(content ?? {})[0]?.schema

/** `{ user, sessions: […] }`: members by name, optional ones with a question mark. */
function shape({ properties = {}, required = [], anyOf }: Schema = {}): string {
  if (anyOf) return anyOf.map(shape).join(' or ')
  const members = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`))
  return members.length === 0 ? '' : code(`{ ${members.join(', ')} }`)
}

function toRow(path: string, method: string, operation: Operation, { components }: Document) {
  const query = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query').map(({ name }) => name)
  const call = `${method.toUpperCase()} ${path}${query.length > 0 ? `?${query.join('=&')}=` : ''}`
  const { security = [] } = operation
  const isGuarded = security.length > 0
  const abilities = security.flatMap((scheme) => Object.values(scheme).flat())
  const successes = Object.entries(operation.responses).filter(([status]) => status < '400')
  const failures = Object.entries(operation.responses)
    .filter(([status]) => status >= '400')
    .map(([status, response]) => {
      const resolved = response.$ref ? components.responses[response.$ref.split('/').at(-1) ?? ''] : response
      const codes = Object.keys(Object.values(resolved?.content ?? {})[0]?.examples ?? {})
      return { status, codes: codes.filter((name) => !EVERYWHERE.has(name) && !(isGuarded && CREDENTIALS.has(name))) }
    })
    .filter(({ codes }) => codes.length > 0)
    .map(({ status, codes }) => `${status} ${codes.map(code).join(', ')}`)
  const cells = [
    code(call),
    operation.summary,
    isGuarded
      ? ['logged in', ...abilities.map((ability) => `an API token for ${code(ability)}`)].join(', or ')
      : 'anyone',
    shape(schemaOf(operation.requestBody ?? {})),
    successes.map(([status, reply]) => `${status} ${shape(schemaOf(reply))}`.trim()).join('<br>'),
    failures.join('<br>')
  ]
  return `| ${cells.join(' | ')} |`
}

/** Codes of every operation, and of every operation that needs a login: listed once, below the tables. */
const EVERYWHERE = new Set(
  `VALIDATION_FAILED MALFORMED_JSON MALFORMED_REQUEST CROSS_ORIGIN_REQUEST PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE
   RATE_LIMITED INTERNAL_ERROR SERVICE_UNAVAILABLE`.split(/\s+/)
)
const CREDENTIALS = new Set(
  'UNAUTHENTICATED INVALID_TOKEN TOKEN_EXPIRED TOKEN_REVOKED SESSION_EXPIRED SESSION_REVOKED ABILITY_REQUIRED'.split(
    ' '
  )
)

const ENDPOINTS = `# Endpoints

Generated from [openapi.json](openapi.json) by \`npm run docs:reference\`. Do not edit. While \`API_DOCS=true\`, \`/docs\` lets you try every
call in the browser.

Bodies and replies are JSON in UTF-8, with members in camelCase and times as ISO 8601 in UTC. *Logged in* means that the call needs a
session cookie or \`Authorization: Bearer <access token>\`. If a request has both, the token counts and the cookie is ignored.

{{tables}}
## Failures

Every failure is \`application/problem+json\` (RFC 9457):

\`\`\`json
{ "title": "Conflict", "status": 409, "code": "USERNAME_TAKEN", "detail": "…", "requestId": "…" }
\`\`\`

\`code\` is stable: branch on it, not on the text. In addition to the codes in the tables, any call can fail with these:

| status | code |
|---|---|
| 400 | \`VALIDATION_FAILED\`, \`MALFORMED_JSON\`, \`MALFORMED_REQUEST\` |
| 401, on calls that need a login | \`UNAUTHENTICATED\`, \`INVALID_TOKEN\`, \`TOKEN_EXPIRED\`, \`TOKEN_REVOKED\`, \`SESSION_EXPIRED\`, \`SESSION_REVOKED\` |
| 403 | \`CROSS_ORIGIN_REQUEST\`: an unsafe request with a cookie from a page that is not in \`CORS_API_ORIGINS\` |
| 403, with an API token | \`ABILITY_REQUIRED\`: the call is not open to API tokens, or to this one |
| 404, 405 | \`NOT_FOUND\`; \`METHOD_NOT_ALLOWED\` with \`Allow\` |
| 408, 413, 414, 415, 417, 431 | \`REQUEST_TIMEOUT\`, \`PAYLOAD_TOO_LARGE\`, \`URI_TOO_LONG\`, \`UNSUPPORTED_MEDIA_TYPE\`, \`EXPECTATION_FAILED\`, \`HEADERS_TOO_LARGE\` |
| 429 | \`RATE_LIMITED\` with \`Retry-After\` |
| 500 | \`INTERNAL_ERROR\` |
| 503 | \`SERVICE_UNAVAILABLE\` with \`Retry-After\`: a dependency is down, or the server is overloaded. Retry; repeat a logout until it gets 204 |

## Invalid members

A failure about members of the body or the query has \`errors\`, with all of them, up to 20:

\`\`\`json
{ "pointer": "/password", "code": "TOO_SHORT", "detail": "Use at least 8 characters", "minLength": 8 }
\`\`\`

\`pointer\` is the member, as a JSON Pointer (RFC 6901); an empty one means all of the body, or a member with an unusual name. \`detail\` is a
sentence to show next to the field. To show it in another language, translate \`code\`, and fill in the limit, which has the name of its
keyword in the schema. With 400 \`VALIDATION_FAILED\`, the codes are:

{{members}}
With 409 and 422, there is one entry, and its code is that of the failure: \`USERNAME_TAKEN\` has the pointer \`/username\`. The reply never
repeats a rejected value.
`

/** Each code of an invalid member, the names of its limits, and what it says. */
function renderMembers() {
  const limits: Record<string, unknown> = {
    type: 'integer',
    format: 'date-time',
    enum: ['cookie', 'token'],
    const: 'cookie'
  }
  const withoutLimit = ['required', 'additionalProperties', 'pattern', 'uniqueItems']
  const byCode = Map.groupBy(Object.entries(keywords), ([, [member]]) => member)
  const rows = [...byCode].map(([member, uses]) => {
    const names = uses.map(([keyword]) => keyword).filter((keyword) => !withoutLimit.includes(keyword))
    const details = uses.map(([keyword, [, toSentence]]) => toSentence(limits[keyword] ?? 3))
    return `| ${code(member)} | ${names.map(code).join(', ')} | ${details.join('<br>')} |`
  })
  rows.push(`| ${code('INVALID')} | | This is not valid |`)
  return `| code | limit | \`detail\`, for example |\n|---|---|---|\n${rows.join('\n')}\n`
}

/** The text of docs/endpoints.md. */
export function renderEndpoints() {
  const document: Document = JSON.parse(readFileSync(join(import.meta.dirname, '../docs/openapi.json'), 'utf8'))
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation }))
  )
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? '')
  const tables = [...groups].map(([tag, members]) => {
    const rows = members.map(({ path, method, operation }) => toRow(path, method, operation, document))
    return `## ${tag}\n\n| call | purpose | who | body | success | failures |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return ENDPOINTS.replace('{{tables}}', tables.join('\n')).replace('{{members}}', renderMembers())
}
