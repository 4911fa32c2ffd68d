import { constants, fstatSync, openSync, writeSync } from 'node:fs'

/** How many characters wait while the reader stalls or the disk is full. Further lines are dropped. */
const MAX_WAITING_CHARACTERS = 1024 * 1024
/** How long the process waits for a stalled reader before it exits. */
const FLUSH_MS = 1000

const sleeper = new Int32Array(new SharedArrayBuffer(4))
const lossLine = (lost: number) =>
  `${JSON.stringify({
    level: 'warn',
    time: new Date().toISOString(),
    event: 'log_lines_lost',
    lost,
    msg: `${lost} log lines were dropped: the log could not be written`
  })}\n`

/**
 * Opens the target of `fd` again, so that a write never waits for the reader. Setting the flag on `fd` itself would change it
 * for every process that inherited it. A file needs no flag, and Node has already set it on a socket.
 */
function openNonBlocking(fd: number) {
  if (fstatSync(fd).isFile()) return fd
  try {
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return fd
  }
}

/**
 * Writes lines to a file descriptor, about `batch` characters at a time and at the latest after 100 ms: a write costs as much
 * as formatting a line. A target that stalls, is full, or is gone delays no request: lines wait, then are dropped, and when
 * the target works again, one line says how many. A thread of Node's pool would be worse: a write that hangs would block
 * password hashes and keep the process from exiting.
 */
export function createOutput(fd: number, batch: number, format: (line: string) => string = (line) => line) {
  const target = openNonBlocking(fd)
  let lines = ''
  let rest = Buffer.alloc(0)
  let lost = 0
  let unflushed = 0

  function takeLines() {
    const text = lost === 0 ? lines : lines + format(lossLine(lost))
    lines = ''
    lost = 0
    return Buffer.from(text)
  }

  function flush() {
    unflushed = 0
    try {
      while (rest.length > 0 || lines !== '') {
        if (rest.length === 0) rest = takeLines()
        rest = rest.subarray(writeSync(target, rest))
      }
    } catch {
      // No reader (EAGAIN, EPIPE) or no space (ENOSPC): the rest waits for the next flush.
    }
  }
  setInterval(flush, 100).unref()

  return {
    write(line: string) {
      if (lines.length < MAX_WAITING_CHARACTERS) lines += format(line)
      else lost++
      unflushed += line.length
      if (unflushed >= batch) flush()
    },
    /** Before the process exits: gives a slow reader up to a second. */
    flushSync() {
      const end = Date.now() + FLUSH_MS
      for (flush(); rest.length > 0 && Date.now() < end; flush()) Atomics.wait(sleeper, 0, 0, 10)
    }
  }
}
