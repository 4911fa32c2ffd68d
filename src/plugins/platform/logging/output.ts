import { constants, fstatSync, openSync, writeSync } from 'node:fs'

/** How much text waits for a reader that stalls or a disk that is full, in characters. Lines beyond that are lost. */
const MAX_WAITING = 1024 * 1024
/** How long the end of the process waits for a reader that stalls. */
const FLUSH_MS = 1000

const alarm = new Int32Array(new SharedArrayBuffer(4))
const lossLine = (lost: number) =>
  `${JSON.stringify({
    level: 'warn',
    time: new Date().toISOString(),
    event: 'log_lines_lost',
    lost,
    msg: `${lost} log lines were lost: the log was not read or could not be written`
  })}\n`

/**
 * The same target as `fd`, but a write never waits for its reader. A flag on `fd` itself would be shared with every process
 * that inherited it. A file keeps its position in `fd`; a socket cannot be opened again, and Node has set its flag already.
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
 * Writes lines to a file descriptor. A target that is stalled, full or gone costs lines and never a request: up to
 * MAX_WAITING waits for it, and one line tells how many more were lost when it works again. A thread of Node's pool would do
 * worse: one that hangs in a write takes a place from the password hashes, and keeps the process from ending.
 *
 * Lines go out `batch` characters at a time, and at the latest after 100 ms: a write for each costs as much as the line.
 */
export function createOutput(fd: number, batch: number, format: (line: string) => string = (line) => line) {
  const target = openNonBlocking(fd)
  let lines = ''
  let rest = Buffer.alloc(0)
  let lost = 0
  let untried = 0

  function takeLines() {
    const text = lost === 0 ? lines : lines + format(lossLine(lost))
    lines = ''
    lost = 0
    return Buffer.from(text)
  }

  function flush() {
    untried = 0
    try {
      while (rest.length > 0 || lines !== '') {
        if (rest.length === 0) rest = takeLines()
        rest = rest.subarray(writeSync(target, rest))
      }
    } catch {
      // Nobody reads (EAGAIN, EPIPE), or the disk is full (ENOSPC): what is left waits for the next try.
    }
  }
  setInterval(flush, 100).unref()

  return {
    write(line: string) {
      if (lines.length < MAX_WAITING) lines += format(line)
      else lost++
      untried += line.length
      if (untried >= batch) flush()
    },
    /** For the end of the process: a reader that is slow gets a moment. */
    flushSync() {
      const end = Date.now() + FLUSH_MS
      for (flush(); rest.length > 0 && Date.now() < end; flush()) Atomics.wait(alarm, 0, 0, 10)
    }
  }
}
