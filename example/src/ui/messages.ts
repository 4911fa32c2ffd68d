import { ApiError } from 'fastify-minimal-starter-client'

/** What an action throws to end without a result and without a message, such as when the user closes its dialog. */
export class Canceled extends Error {}

/** An error as the user should read it. */
export function messageOf(error: unknown) {
  if (error instanceof Canceled) return ''
  if (error instanceof ApiError) {
    const seconds = error.retryAfterMs === null ? null : Math.ceil(error.retryAfterMs / 1000)
    return `${error.message}.${seconds === null ? '' : ` Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`}`
  }
  // What `fetch` throws without a reply.
  if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
    return 'Cannot reach the server. Check your connection and try again.'
  reportError(error)
  return 'Something went wrong. Reload the page and try again.'
}
