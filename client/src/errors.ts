import type { components } from './schema.d.ts'

type Problem = components['schemas']['Problem']

/** What the service refused, and why: decide by `code`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string
  readonly status: number
  /** Also in the log of the service. */
  readonly requestId: string
  /** The members of the request that are at fault. */
  readonly errors: NonNullable<Problem['errors']>
  /** When the next try makes sense, in ms; null: the service does not say. */
  readonly retryAfterMs: number | null

  constructor(problem: Problem, retryAfterMs: number | null) {
    super(problem.detail)
    this.code = problem.code
    this.status = problem.status
    this.requestId = problem.requestId
    this.errors = problem.errors ?? []
    this.retryAfterMs = retryAfterMs
  }
}

/** The error of a reply that is a failure; `body`, where it was read already. Of a proxy that answers by itself, too. */
export async function toApiError(reply: Response, body?: unknown) {
  const problem = (body ?? (await reply.json().catch(() => null))) as Problem | null
  const seconds = Number(reply.headers.get('retry-after') ?? Number.NaN)
  const { status, statusText } = reply
  const unknown = { title: statusText, status, code: 'UNKNOWN', detail: `The answer was ${status}`, requestId: '' }
  return new ApiError(problem?.code ? problem : unknown, Number.isNaN(seconds) ? null : seconds * 1000)
}

/** What a call gives, `await orThrow(api.GET('/api/users/me'))`; throws {@link ApiError} where it was refused. */
export async function orThrow<Reply>(call: Promise<{ data?: Reply; error?: unknown; response: Response }>) {
  const { data, error, response } = await call
  if (!response.ok) throw await toApiError(response, error)
  return data as Reply
}
