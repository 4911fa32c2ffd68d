import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { KeyWeight } from './databases.ts'

const COPIES = 100_000
const BATCH = 1000

async function figure(client: Redis, section: string, name: string) {
  const found = new RegExp(`^${name}:(.*)$`, 'm').exec(await client.info(section))
  return Number(found?.[1])
}

/** User and system time of the server, in µs. */
export async function redisCpu(client: Redis) {
  return 1e6 * ((await figure(client, 'cpu', 'used_cpu_user')) + (await figure(client, 'cpu', 'used_cpu_sys')))
}

/** What Redis needs for one more key of each sort that is there: measured by a hundred thousand copies. */
export async function weighKeys(client: Redis): Promise<KeyWeight[]> {
  const examples = new Map<string, string>()
  for (const key of await client.keys('*')) {
    // Behind the prefix: see src/plugins/platform/redis/prefix.ts.
    const sort = key.replace(/^[\w-]+:[\w-]+:(\w+):.*$/, '$1')
    if (!key.endsWith(':complete')) examples.set(sort, key)
  }
  const weights: KeyWeight[] = []
  for (const [sort, key] of examples) {
    const [value, ttl] = [await client.getBuffer(key), Math.max(await client.pttl(key), 60_000)]
    if (value === null) continue
    const before = await figure(client, 'memory', 'used_memory')
    const copies: string[] = []
    while (copies.length < COPIES) {
      const pipeline = client.pipeline()
      for (let i = 0; i < BATCH; i++) {
        const copy = key.slice(0, -16) + randomBytes(8).toString('hex')
        pipeline.set(copy, value, 'PX', ttl)
        copies.push(copy)
      }
      await pipeline.exec()
    }
    const after = await figure(client, 'memory', 'used_memory')
    weights.push({ key: sort, bytes: Math.round((after - before) / COPIES) })
    while (copies.length > 0) await client.unlink(...copies.splice(0, BATCH))
  }
  return weights
}
