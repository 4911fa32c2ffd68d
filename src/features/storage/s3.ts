import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { AwsClient } from 'aws4fetch'
import type { Bucket } from './address.ts'
import { StorageUnavailable } from './errors.ts'
import type { Range } from './ranges.ts'
import type { Body, Store } from './store.ts'

/** How long the bucket may take for its next step, in ms. */
export const STALL_MS = 15_000

type Sent = { headers?: Record<string, string>; body?: Body }

/** Ends a request if the bucket makes no progress. While the client is to send something, the clock stands still. */
function createWatch(stallMs: number) {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const watch = {
    signal: controller.signal,
    start() {
      timer = setTimeout(() => controller.abort(new Error('the bucket made no progress')), stallMs)
    },
    stop: () => clearTimeout(timer),
    async *pass(body: Body) {
      watch.stop()
      for await (const chunk of body) {
        watch.start()
        yield chunk
        watch.stop()
      }
      watch.start()
    }
  }
  return watch
}

/** What S3 says about a failure: the status and its code, such as `403 AccessDenied`. */
async function toFailure(response: Response) {
  const text = await response.text().catch(() => '')
  const [, code = ''] = /<Code>(\w{1,60})<\/Code>/.exec(text) ?? []
  return new StorageUnavailable({ cause: new Error(`the bucket answered ${response.status} ${code}`.trim()) })
}

/** Files in an S3 bucket. Requests are not tried again: clients do that. */
export function createS3Store({ base, ...credentials }: Bucket, stallMs = STALL_MS): Store {
  const client = new AwsClient({ ...credentials, service: 's3', retries: 0 })

  /** The reply, whatever its status. Throws what the body throws, or STORAGE_UNAVAILABLE. */
  async function ask(method: string, key: string, { headers = {}, body }: Sent = {}): Promise<Response> {
    const { headers: signed } = await client.sign(`${base}${key}`, { method, headers })
    const watch = createWatch(stallMs)
    let failure: { error: unknown } | null = null
    async function* pass(source: Body) {
      try {
        yield* watch.pass(source)
      } catch (error) {
        failure = { error }
        throw error
      }
    }
    const init = { method, headers: signed, signal: watch.signal, redirect: 'error' as const }
    // Node takes any iterable as a body, although the type of browsers does not say so.
    const sent = body ? { ...init, body: pass(body) as unknown as string, duplex: 'half' as const } : init
    watch.start()
    try {
      return await fetch(`${base}${key}`, sent)
    } catch (error) {
      const thrown = failure as { error: unknown } | null
      throw thrown === null ? new StorageUnavailable({ cause: error }) : thrown.error
    } finally {
      watch.stop()
    }
  }

  return {
    async put(key, body, { size, sha256 }) {
      // With the hash in the signature, the bucket refuses other bytes. Without one, TLS protects them on their way.
      const headers = { 'content-length': `${size}`, 'x-amz-content-sha256': sha256 ?? 'UNSIGNED-PAYLOAD' }
      const response = await ask('PUT', key, { headers, body })
      if (!response.ok) throw await toFailure(response)
      await response.body?.cancel()
    },
    async get(key, size, range) {
      const headers: Sent['headers'] = range === null ? {} : { range: `bytes=${range.start}-${range.end}` }
      const response = await ask('GET', key, { headers })
      if (response.status === 404) return null
      if (!response.ok) throw await toFailure(response)
      if (!isWhole(response, size, range)) {
        await response.body?.cancel()
        return null
      }
      return response.body === null ? Readable.from([]) : Readable.fromWeb(response.body as ReadableStream)
    },
    async remove(key) {
      const response = await ask('DELETE', key)
      if (!response.ok && response.status !== 404) throw await toFailure(response)
      await response.body?.cancel()
    },
    /** The bucket may come up later than the service: what is wrong with it shows in the doctor and at the first file. */
    async open() {}
  }
}

function isWhole({ status, headers }: Response, size: number, range: Range | null) {
  const length = Number(headers.get('content-length'))
  if (range === null) return status === 200 && length === size
  return status === 206 && headers.get('content-range') === `bytes ${range.start}-${range.end}/${size}`
}
