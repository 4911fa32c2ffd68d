import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createOutput } from '../../../../src/plugins/platform/logging/output.ts'
import { waitUntil } from '../../../servers.ts'

import { createPipe } from './pipe.ts'

t.test('lines are written whole and in order, however little the target accepts at a time', async (t) => {
  const { writer, read } = createPipe(t)
  const output = createOutput(writer, 1)
  const text = 'é'.repeat(100_000)
  for (let i = 0; i < 3; i++) output.write(`${JSON.stringify({ i, text })}\n`)
  await waitUntil(() => read().length === 3, 'all of it was read')
  t.same(
    read().map((line) => line['i']),
    [0, 1, 2]
  )
  t.ok(
    read().every((line) => line['text'] === text),
    'nothing is missing in it'
  )
})

t.test('appending to a file keeps its content', async (t) => {
  const folder = t.testdir({ log: 'before\n' })
  const fd = openSync(join(folder, 'log'), 'a')
  const output = createOutput(fd, 16_384)
  output.write('after\n')
  output.flushSync()
  t.equal(readFileSync(join(folder, 'log'), 'utf8'), 'before\nafter\n')
})
