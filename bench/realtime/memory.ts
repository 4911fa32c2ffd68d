import { round } from '../figures.ts'
import { openCrowd } from './crowd.ts'
import { type Subject, subjects } from './subjects.ts'

const [FEW, MESSAGES] = [200, 20]

/** Opens connections, and sends messages to all of them. */
async function fill({ server, stepsOf, emitPath }: Subject, connections: number) {
  const crowd = await openCrowd(server.port, connections, stepsOf)
  for (let n = 1; n <= MESSAGES; n++) {
    await (await fetch(`${server.url}${emitPath}${n}`)).text()
    await crowd.until(n * connections)
  }
  return crowd
}

/** Measures the memory of each connection, one subject after another. */
export async function weighConnections(connections: number) {
  const rows = []
  for (const start of subjects) {
    const subject = await start(connections)
    const few = await fill(subject, FEW)
    few.close()
    const before = await subject.server.usage(true)
    const crowd = await fill(subject, connections)
    const after = await subject.server.usage(true)
    crowd.close()
    await subject.server.stop()
    const [kbEach = 0, heapKbEach = 0] = (['rssBytes', 'heapBytes'] as const).map(
      (figure) => (after[figure] - before[figure]) / connections / 1000
    )
    rows.push({
      subject: subject.name,
      'kB each': round(kbEach, 1),
      'kB of heap': round(heapKbEach, 1),
      'per GB': Math.round(1e6 / kbEach)
    })
  }
  return rows
}
