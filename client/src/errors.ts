import type { components } from './schema.d.ts'

type Problem = components['schemas']['Problem']
type Failures = components['responses']
/** Every code of the contract; UNKNOWN: of something before the service. */
export type Code = Failures[keyof Failures]['content']['application/problem+json']['code'] | 'UNKNOWN'

/** What the service refused, and why: decide by `code`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  declare readonly code: Code
  declare readonly status: number
  /** Also in the log of the service. */
  declare readonly requestId: string
  /** The members of the request that are at fault. */
  declare readonly errors: NonNullable<Problem['errors']>
  /** When the next try makes sense, in ms; null: the service does not say. */
  declare readonly retryAfterMs: number | null

  constructor({ detail, code, status, requestId, errors = [] }: Problem, retryAfterMs: number | null) {
    super(detail)
    Object.assign(this, { code, status, requestId, errors, retryAfterMs })
  }
}

/** The error of a reply that is a failure; `body`, where it was read already. Of a proxy that answers by itself, too. */
export async function toApiError(reply: Response, body?: unknown) {
  const problem = (body ?? (await reply.json().catch(() => null))) as Problem | null
  const seconds = Number(reply.headers.get('retry-after') ?? Number.NaN)
  const unknown = { title: '', status: reply.status, code: 'UNKNOWN', detail: 'It does not say why', requestId: '' }
  return new ApiError(problem?.code ? problem : unknown, Number.isNaN(seconds) ? null : seconds * 1000)
}

/** What a call gives, `await orThrow(api.GET('/api/users/me'))`; throws {@link ApiError} where it was refused. */
export async function orThrow<Reply>(call: Promise<{ data?: Reply | undefined; error?: unknown; response: Response }>) {
  const { data, error, response } = await call
  if (!response.ok) throw await toApiError(response, error)
  return data as Reply
}
