/** The longest wait for a single reply, and the longest `Retry-After` that is worth waiting for. */
export const MAX_WAIT_MS = 10_000

/** Resolves after `ms`, or as soon as `closed` aborts. */
export async function pause(ms: number, closed: AbortSignal) {
  if (closed.aborted) return
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer)
      closed.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    closed.addEventListener('abort', end)
  })
}

/**
 * Sends a request, and retries it after `Retry-After` if the service is busy. Retries only what is safe to repeat: reads, and
 * refreshes, which return the same tokens again. Stops retrying once `closed` aborts.
 */
export async function sendWithRetry(
  request: Request,
  send: (request: Request) => Promise<Response>,
  closed: AbortSignal,
  tries = 3
): Promise<Response> {
  const reply = await send(request)
  const isRepeatable = request.method === 'GET' || request.url.endsWith('/auth/token-refresh')
  const isBusy = reply.status === 429 || reply.status === 503
  const waitMs = Number(reply.headers.get('retry-after') ?? Number.NaN) * 1000
  if (!isBusy || !isRepeatable || tries === 1 || !(waitMs <= MAX_WAIT_MS) || closed.aborted) return reply
  await pause(waitMs, closed)
  return closed.aborted ? reply : sendWithRetry(request, send, closed, tries - 1)
}
