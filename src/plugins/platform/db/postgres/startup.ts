/** The types of two server messages: the server waits for a query, and a command has completed. */
const READY_FOR_QUERY = 'Z'.charCodeAt(0)
const COMMAND_COMPLETE = 'C'.charCodeAt(0)

/** A Query message: statements without parameters. */
function toQuery(text: string) {
  const body = Buffer.from(`${text}\0`)
  const head = Buffer.from('Q....')
  head.writeUInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

/**
 * Relays the server's messages while a connection starts. When the server is ready, it first runs the statements of `greeting`, and only
 * then passes readiness on to postgres.js, which has no hook for new connections. The returned function takes each chunk and returns
 * true once the connection is ready; do not call it after that.
 */
export function readStartup(greeting: string | null, send: (message: Buffer) => void, pass: (message: Buffer) => void) {
  let buffer = Buffer.alloc(0)
  let isGreeted = greeting === null

  return function read(chunk: Buffer) {
    buffer = Buffer.concat([buffer, chunk])
    let isReady = false
    // Each message is a letter, then the length of the rest.
    while (!isReady && buffer.length >= 5 && buffer.length > buffer.readUInt32BE(1)) {
      const message = buffer.subarray(0, 1 + buffer.readUInt32BE(1))
      buffer = buffer.subarray(message.length)
      if (message[0] === READY_FOR_QUERY && !isGreeted) {
        isGreeted = true
        send(toQuery(`${greeting}`))
      } else {
        isReady = message[0] === READY_FOR_QUERY
        // Only the greeting completes commands here, and postgres.js did not send it.
        if (message[0] !== COMMAND_COMPLETE) pass(message)
      }
    }
    if (isReady && buffer.length > 0) pass(buffer)
    return isReady
  }
}
