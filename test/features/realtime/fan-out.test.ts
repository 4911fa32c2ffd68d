import t from 'tap'
import { createFanOut, type Reader } from '../../../src/features/realtime/fan-out.ts'
import type { Message } from '../../../src/features/realtime/messages.ts'
import { build } from '../../build.ts'
import { waitUntil } from '../../wait.ts'

t.test('more readers than a statement can name all get each message once', async (t) => {
  const { log } = await build(t)
  const messages: Message[] = []
  const named: number[] = []
  const fanOut = createFanOut(
    {
      async read([wanted], sids) {
        named.push(sids.length)
        return { messages: messages.filter(({ seq }) => seq > (wanted?.after ?? 0)), live: new Set(sids) }
      }
    },
    log
  )
  const got = new Map<string, number[]>()
  for (let i = 0; i < 12_000; i++) {
    const sid = `${i}`
    got.set(sid, [])
    const reader: Reader & { cursor: number } = {
      ...{ channel: 'room', sid, cursor: 0, isReady: true },
      endSession() {},
      deliver(delivered) {
        for (const { seq } of delivered) {
          if (seq <= reader.cursor) continue
          reader.cursor = seq
          got.get(sid)?.push(seq)
        }
      }
    }
    fanOut.add(reader)
  }
  for (const seq of [1, 2]) {
    messages.push({ channel: 'room', seq, type: 'text', data: '1', createdAt: new Date() })
    fanOut.wake('room', seq)
    await waitUntil(() => [...got.values()].every((seqs) => seqs.length === seq), 'all have it')
  }
  t.ok([...got.values()].every((seqs) => `${seqs}` === '1,2'))
  t.ok(Math.max(...named) <= 5000)
})
