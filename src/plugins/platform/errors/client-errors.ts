import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyErrorConstructor } from '@fastify/error'
import { ExpectationFailed, HeadersTooLarge, MalformedRequest, RequestTimeout } from './errors.ts'
import { type CodedError, problemHeaders, toProblem } from './problem.ts'

// Requests that Node refuses before Fastify sees them get the same body and headers as every other failure.

const clientErrors: Record<string, FastifyErrorConstructor> = {
  HPE_HEADER_OVERFLOW: HeadersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: RequestTimeout
}

function render(error: CodedError, headers: Record<string, string>) {
  const body = JSON.stringify(toProblem(error, randomUUID()))
  const length = String(Buffer.byteLength(body))
  return { body, headers: { ...headers, ...problemHeaders(error), 'content-length': length, connection: 'close' } }
}

/** Answers malformed HTTP with 400, 408, or 431, once, and closes the connection. */
export function answerClientError(headers: Record<string, string>) {
  return (error: NodeJS.ErrnoException, socket: Socket & { _httpMessage?: ServerResponse | null }) => {
    if (error.code === 'ECONNRESET' || socket.destroyed) return
    // Like Node's own handler: the reply in flight, to this request or to an earlier one.
    const { _httpMessage: pending } = socket
    if (pending?.req.complete) {
      // The malformed part came after that request: finish its reply, then close.
      pending.shouldKeepAlive = false
      return
    }
    const Coded = clientErrors[error.code ?? ''] ?? MalformedRequest
    const coded = new Coded() as CodedError
    const reply = render(coded, headers)
    const lines = Object.entries(reply.headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const status = `HTTP/1.1 ${coded.statusCode} ${STATUS_CODES[coded.statusCode]}\r\n`
    // After a reply has begun, a second one would be taken for the reply to the next request (response splitting).
    if (socket.writable && !pending?.headersSent) socket.write(`${status}${lines.join('')}\r\n${reply.body}`)
    socket.destroySoon()
  }
}

const ABORTED = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'])

/** Whether the error means that the client disconnected while sending its body. */
export function isAborted(error: unknown, request: IncomingMessage) {
  return error instanceof Error && 'code' in error && ABORTED.has(`${error.code}`) && request.readableAborted
}

/** Answers an `Expect` that is not `100-continue`: 417 (RFC 9110, 10.1.1). */
export function answerExpectation(headers: Record<string, string>) {
  return (_request: IncomingMessage, response: ServerResponse) => {
    const reply = render(new ExpectationFailed() as CodedError, headers)
    response.writeHead(417, reply.headers).end(reply.body)
  }
}
