export type Progress = {
  /** Gets the share of the file that has been sent, from 0 to 1. Outside browsers it only gets 1, at the end. */
  onProgress?: ((share: number) => void) | undefined
  /** Cancels the upload. */
  signal?: AbortSignal | undefined
}

/** As `fetch` sees it. */
function toResponse(xhr: XMLHttpRequest) {
  const lines = xhr.getAllResponseHeaders().trim().split('\r\n').filter(Boolean)
  const headers = lines.map((line) => line.split(/: ?(.*)/, 2) as [string, string])
  return new Response(xhr.responseText || null, { status: xhr.status, headers })
}

/** Whether this is a browser: `fetch` cannot report the progress of an upload. */
export const hasProgress = () => typeof XMLHttpRequest === 'function'

/** Sends a request with this body, as `fetch` does, and reports its progress. */
export async function sendWithProgress(request: Request, body: Blob, { onProgress, signal }: Progress) {
  signal?.throwIfAborted()
  const xhr = new XMLHttpRequest()
  const abort = () => xhr.abort()
  xhr.open(request.method, request.url)
  xhr.withCredentials = request.credentials === 'include'
  for (const [name, value] of request.headers) xhr.setRequestHeader(name, value)
  xhr.upload.onprogress = ({ loaded, total }) => onProgress?.(total > 0 ? loaded / total : 1)
  const sent = new Promise<Response>((resolve, reject) => {
    xhr.onload = () => resolve(toResponse(xhr))
    xhr.onerror = () => reject(new TypeError('The upload failed'))
    xhr.onabort = () => reject(signal?.reason)
  })
  signal?.addEventListener('abort', abort)
  xhr.send(body)
  return sent.finally(() => signal?.removeEventListener('abort', abort))
}
