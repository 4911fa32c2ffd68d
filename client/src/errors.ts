import type { components } from './schema.d.ts'

type Problem = components['schemas']['Problem']
type Failures = components['responses']
/** Every error code of the API. UNKNOWN: the reply came from something in front of the service, such as a proxy. */
export type Code = Failures[keyof Failures]['content']['application/problem+json']['code'] | FeatureCode | 'UNKNOWN'
/** The client uses these codes of features, which a service may be without. */
type FeatureCode = 'SECOND_FACTOR_REQUIRED' | 'INVALID_CODE' | 'TICKET_INVALID'
/** Why a member of the request is invalid: a `code`, its limits if any, and a sentence to show. */
export type FieldError = NonNullable<Problem['errors']>[number]

/** An error reply of the service. Branch on its `code`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  declare readonly code: Code
  declare readonly status: number
  /** Also appears in the service's log. */
  declare readonly requestId: string
  /** Every invalid member of the request. `fields` has the first one of each, by name: `fields.username?.detail`. */
  declare readonly errors: FieldError[]
  declare readonly fields: { readonly [name: string]: FieldError | undefined }
  /** With SECOND_FACTOR_REQUIRED: go on with `client.secondFactor`. */
  declare readonly secondFactor: { ticket: string; methods: string[]; expiresAt: string } | undefined
  /** With ACCOUNT_EXISTS and SIGN_UP_REQUIRED: what a provider says of somebody who came back from it. */
  declare readonly newcomer: { ticket: string; expiresAt: string; email: string; name: string | null } | undefined
  /** How long to wait before the next attempt, in ms. Null: the service did not say. */
  declare readonly retryAfterMs: number | null

  constructor(problem: Problem, retryAfterMs: number | null) {
    const { detail, code, status, requestId, errors = [] } = problem
    super(detail)
    const fields = Object.fromEntries(errors.map((one) => [one.pointer.slice(1), one] as const).reverse())
    Object.assign(this, { code, status, requestId, errors, fields, retryAfterMs })
    if ('ticket' in problem) {
      const { ticket, expiresAt, email, name } = problem as Problem & NonNullable<ApiError['newcomer']>
      Object.assign(this, { newcomer: { ticket, expiresAt, email, name } })
    }
    if ('secondFactor' in problem) Object.assign(this, { secondFactor: problem.secondFactor })
  }
}

/** Converts an error reply, of the service or of a proxy, to an {@link ApiError}. Pass `body` if it was already read. */
export async function toApiError(reply: Response, body?: unknown) {
  const problem = (body ?? (await reply.json().catch(() => null))) as Problem | null
  const seconds = Number(reply.headers.get('retry-after') ?? Number.NaN)
  const unknown = { title: '', status: reply.status, code: 'UNKNOWN', detail: 'Unknown error', requestId: '' }
  return new ApiError(problem?.code ? problem : unknown, Number.isNaN(seconds) ? null : seconds * 1000)
}

/** Returns the body of a reply, `await orThrow(api.GET('/api/users/me'))`. Throws {@link ApiError} for an error reply. */
export async function orThrow<Reply>(call: Promise<{ data?: Reply | undefined; error?: unknown; response: Response }>) {
  const { data, error, response } = await call
  if (!response.ok) throw await toApiError(response, error)
  return data as Reply
}

/** Some exist only with cookies or only with tokens, so a contract may lack them. */
const SESSION_ENDED = new Set<string>([
  'UNAUTHENTICATED' satisfies Code,
  'INVALID_TOKEN',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
  'SESSION_EXPIRED',
  'SESSION_REVOKED'
])
/** Whether an error can mean that the session has ended. A wrong password or code does not, and neither does a reply of a proxy. */
export const endsSession = ({ status, code }: ApiError) => status === 401 && SESSION_ENDED.has(code)
