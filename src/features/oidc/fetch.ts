import { ProviderUnavailable } from './errors.ts'

/** How long all requests to a provider may take together, in ms. */
const DEADLINE_MS = 4500
/** How many requests to a provider may run at once: one that hangs must not collect connections (ASVS 5.0, 15.2.2). */
const MAX_AT_ONCE = 50
/** No document or token of a provider is this large. */
const MAX_BYTES = 1_000_000
const HOUR_MS = 3_600_000

type Options = { method?: string; headers?: Record<string, string>; body?: URLSearchParams | null | undefined }
export type Fetch = (url: string, options: Options) => Promise<Response>

async function readBody({ body }: Response) {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_BYTES) throw new Error('the reply of the provider is too large')
    chunks.push(chunk)
  }
  return chunks.length === 0 ? null : Buffer.concat(chunks)
}

/** Bounds the requests to one provider: their number, the size of replies, and the time of those that belong together. */
export function createBounds() {
  let running = 0
  /** For requests that end together and soon. They throw PROVIDER_UNAVAILABLE. */
  return function createFetch(): Fetch {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    return async function fetchBounded(url, { method = 'GET', headers = {}, body = null }) {
      if (running >= MAX_AT_ONCE) throw new ProviderUnavailable({ cause: new Error('too many requests wait for it') })
      running++
      try {
        const response = await fetch(url, { method, headers, body, redirect: 'manual', signal })
        const { status } = response
        if (status >= 500 || status === 429) throw new Error(`the provider answered ${status}`)
        return new Response(await readBody(response), response)
      } catch (cause) {
        throw new ProviderUnavailable({ cause })
      } finally {
        running--
      }
    }
  }
}

/** PROVIDER_UNAVAILABLE if an error, or a cause of it, is that; otherwise null. */
export function findOutage(error: unknown): Error | null {
  if (!(error instanceof Error)) return null
  return error instanceof ProviderUnavailable ? error : findOutage(error.cause)
}

/** Keeps one document for an hour. Whoever asks while it is being fetched waits for the same request. */
export function createDocumentCache() {
  let kept: { response: Promise<Response>; until: number } | null = null
  return {
    async read(load: () => Promise<Response>, now: Date) {
      if (kept === null || kept.until <= now.getTime()) kept = { response: load(), until: now.getTime() + HOUR_MS }
      return (await kept.response).clone()
    },
    forget() {
      kept = null
    }
  }
}
