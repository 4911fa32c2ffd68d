/** ReadyForQuery: the last of what a server says before it is asked for anything. */
const READY = 'Z'.charCodeAt(0)
/** CommandComplete. */
const COMPLETE = 'C'.charCodeAt(0)

/** The message Query: statements without parameters. */
function toQuery(text: string) {
  const body = Buffer.from(`${text}\0`)
  const head = Buffer.from('Q....')
  head.writeUInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

/**
 * Passes on what a server says while a connection begins. Once it is ready it is sent the statements of `greeting`, and only
 * when they are done postgres.js hears that it is ready: it has no place for what each new connection needs. The function
 * takes what arrives and gives whether that is so; from then on it is not to be called.
 */
export function readStartup(greeting: string | null, send: (message: Buffer) => void, pass: (message: Buffer) => void) {
  let head = Buffer.alloc(0)
  let isGreeted = greeting === null

  return function read(chunk: Buffer) {
    head = Buffer.concat([head, chunk])
    let isReady = false
    // A letter, then the length of the rest.
    while (!isReady && head.length >= 5 && head.length > head.readUInt32BE(1)) {
      const message = head.subarray(0, 1 + head.readUInt32BE(1))
      head = head.subarray(message.length)
      if (message[0] === READY && !isGreeted) {
        isGreeted = true
        send(toQuery(`${greeting}`))
      } else {
        isReady = message[0] === READY
        // Nothing was asked yet that could be complete.
        if (message[0] !== COMPLETE) pass(message)
      }
    }
    if (isReady && head.length > 0) pass(head)
    return isReady
  }
}
