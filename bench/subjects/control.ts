import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// Loaded before each subject: tells the bench what the process has used.

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

process.on('message', ({ collect }: { collect: boolean }) => {
  if (collect) collectGarbage()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  process.send?.({ cpuUs: user + system, rssBytes: rss, heapBytes: heapUsed })
})
// The channel keeps no process alive.
process.channel?.unref()
