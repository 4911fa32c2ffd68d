import { startRedis } from '../redis.ts'
import type { Victim } from './crash.ts'

/** Starts a Redis, adds its address to the settings of the service, and returns how to kill it. */
export async function addRedis(environment: Record<string, string>): Promise<Victim> {
  const redis = await startRedis()
  environment['REDIS_URL'] = redis.url
  const kill = async () => {
    await redis.stop()
    await redis.start()
  }
  return { name: 'Redis, which loses its data', kill }
}
