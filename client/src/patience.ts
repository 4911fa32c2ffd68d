/** Longer than this nobody waits for a reply; then the error says how long it would take. */
export const LONGEST_WAIT_MS = 10_000

/** Waits, unless `closed` ends that. */
function pause(ms: number, closed: AbortSignal) {
  return new Promise<void>((resolve) => {
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
 * Sends a request, and again after the time that the service asks for, where that does nothing twice: a read, or a refresh,
 * which gives the same again. Once `closed` is aborted nothing is sent again.
 */
export async function sendPatiently(
  request: Request,
  send: (request: Request) => Promise<Response>,
  closed: AbortSignal,
  tries = 3
): Promise<Response> {
  const reply = await send(request)
  const isRepeatable = request.method === 'GET' || request.url.endsWith('/auth/token-refresh')
  const isBusy = reply.status === 429 || reply.status === 503
  const waitMs = Number(reply.headers.get('retry-after') ?? Number.NaN) * 1000
  if (!isBusy || !isRepeatable || tries === 1 || !(waitMs <= LONGEST_WAIT_MS) || closed.aborted) return reply
  await pause(waitMs, closed)
  return closed.aborted ? reply : sendPatiently(request, send, closed, tries - 1)
}
