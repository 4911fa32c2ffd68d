import { execFileSync } from 'node:child_process'
import { constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { LogLine } from '../../../build.ts'

/** Creates a named pipe. The test decides when to read from it. */
export function createPipe(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'starter-pipe-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  const buffer = Buffer.alloc(65_536)
  const chunks: Buffer[] = []
  return {
    reader,
    writer,
    /** Reads what is there, and returns all whole lines so far. */
    read(): LogLine[] {
      try {
        for (let n = readSync(reader, buffer); n > 0; n = readSync(reader, buffer))
          chunks.push(Buffer.from(buffer.subarray(0, n)))
      } catch {
        // Nothing is there now.
      }
      return Buffer.concat(chunks)
        .toString()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    }
  }
}
