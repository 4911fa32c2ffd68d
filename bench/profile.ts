import { globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { generator, sendFor } from './generator.ts'
import { print } from './print.ts'
import { pinSelf, SERVER_CORE } from './process.ts'
import { fromPage, startRedis, startService, temporaryFolder } from './service.ts'

// npm run bench:profile -- --by bearer|cookie --path /api/auth/whoami [--redis]: where the time
// of a request goes.

const { values } = parseArgs({
  options: {
    by: { type: 'string', default: 'bearer' },
    path: { type: 'string', default: '/api/auth/whoami' },
    redis: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '10' }
  }
})
pinSelf()
const folder = temporaryFolder()
const redis = values.redis ? await startRedis() : null
const service = await startService(redis ? { REDIS_URL: redis.url } : {}, SERVER_CORE, [
  '--cpu-prof',
  `--cpu-prof-dir=${folder}`
])
await service.signUp('ada')
const { accessToken } = await service.logIn('ada', 'token')
const { cookie } = await service.logIn('ada', 'cookie')
const headers: Record<string, string> = values.by === 'cookie' ? { cookie } : { authorization: `Bearer ${accessToken}` }
const bytes = fromPage('GET', values.path, headers)
const before = await service.usage()
const { requests: count, seconds } = await sendFor(service.port, bytes, Number(values.seconds) * 1000)
const after = await service.usage()
await service.stop()
redis?.stop()

type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}
const [path = ''] = globSync(`${folder}/*.cpuprofile`)
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, 'utf8')) as Profile
const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
const root = fileURLToPath(new URL('..', import.meta.url))

function placeOf(url: string) {
  if (!url.startsWith('file:')) return url || '(engine)'
  const file = relative(root, fileURLToPath(url))
  return file.replace(/.*node_modules\/((?:@[^/]+\/)?[^/]+).*/, '$1')
}
const byPlace = new Map<string, number>()
const byFunction = new Map<string, number>()
for (const [i, id] of samples.entries()) {
  const { functionName, url, lineNumber } = frames.get(id) ?? { functionName: '', url: '', lineNumber: 0 }
  if (functionName === '(idle)' || functionName === '(program)') continue
  const us = timeDeltas[i] ?? 0
  const place = placeOf(url)
  byPlace.set(place, (byPlace.get(place) ?? 0) + us)
  const name = `${functionName || 'anonymous'} ${place}:${lineNumber + 1}`
  byFunction.set(name, (byFunction.get(name) ?? 0) + us)
}
function printTop(title: string, times: Map<string, number>, limit: number) {
  print(`\n${title}: µs per request, self time`)
  for (const [name, us] of [...times].sort(([, a], [, b]) => b - a).slice(0, limit))
    print(`${(us / count).toFixed(2).padStart(8)}  ${name}`)
}
const cpuUs = after.cpuUs - before.cpuUs
const busy = Math.round(cpuUs / seconds / 1e4)
print(`${(cpuUs / count).toFixed(1)} µs of CPU per request while profiled; load by ${generator}, core ${busy} % busy`)
printTop('By file or package', byPlace, 40)
printTop('By function', byFunction, 60)
