import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import { redisProgram } from './redis.ts'
import { freePort, waitUntil } from './wait.ts'

// A real Redis Cluster, and a real Redis behind Sentinels, on free loopback ports. They stop when the test file ends.

const PASSWORD = 'of-all-nodes'
const BUS = new WeakMap<RedisNode, number>()

export type RedisNode = { port: number; process: ChildProcess; admin: Redis; start(): void; kill(): Promise<void> }

/** Starts a server with this configuration. After `kill` and `start` it is empty. */
function startNode(port: number, lines: string[], words: string[] = []): RedisNode {
  const folder = mkdtempSync(join(tmpdir(), 'starter-redis-'))
  const file = join(folder, 'redis.conf')
  writeFileSync(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, 'save ""', ...lines].join('\n'))
  // The test's own connection, to inspect and disturb the server.
  const password = words.includes('--sentinel') ? undefined : PASSWORD
  const admin = new Redis(port, '127.0.0.1', { password, retryStrategy: () => 50, maxRetriesPerRequest: null })
  admin.on('error', () => {})
  const start = () => {
    node.process = spawn(redisProgram ?? 'redis-server', [file, ...words], { stdio: 'ignore' })
  }
  async function kill() {
    if (node.process.exitCode !== null || node.process.signalCode !== null) return
    const ended = new Promise((resolve) => node.process.once('exit', resolve))
    node.process.kill('SIGKILL')
    await ended
  }
  const node = { port, admin, start, kill } as RedisNode
  start()
  t.teardown(async () => {
    admin.disconnect()
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  return node
}

const SERVER = [`requirepass ${PASSWORD}`, `masterauth ${PASSWORD}`, 'repl-diskless-sync-delay 0']

async function isLinked(replica: RedisNode) {
  return /master_link_status:up/.test(await replica.admin.info('replication'))
}

/** Stops replication to this replica. */
export async function cutOff(replica: RedisNode, master: RedisNode) {
  await replica.admin.config('SET', 'masterauth', 'wrong')
  await master.admin.call('CLIENT', 'KILL', 'TYPE', 'replica')
  await waitUntil(async () => !(await isLinked(replica)), 'the replica has lost its master')
}

export async function isMaster(node: RedisNode) {
  return /role:master/.test(await node.admin.info('replication'))
}

/** Starts three masters with a replica each. Failover takes about a second. */
export async function startCluster() {
  const nodes = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const [port, bus] = [await freePort(), await freePort()]
      const cluster = ['cluster-enabled yes', 'cluster-node-timeout 1000', 'cluster-replica-validity-factor 0']
      const node = startNode(port, [...SERVER, ...cluster, `cluster-port ${bus}`])
      BUS.set(node, bus)
      return node
    })
  )
  const masters = nodes.slice(0, 3)
  const replicas = nodes.slice(3)
  for (const [i, { admin }] of nodes.entries()) await admin.cluster('SET-CONFIG-EPOCH', i + 1)
  for (const [i, { admin }] of masters.entries()) {
    const [from, to] = [Math.ceil((i * 16384) / 3), Math.ceil(((i + 1) * 16384) / 3) - 1]
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
  }
  const [first] = masters
  for (const node of nodes.slice(1))
    await first?.admin.call('CLUSTER', 'MEET', '127.0.0.1', node.port, BUS.get(node) ?? 0)
  for (const { admin } of nodes) {
    const knowsAll = async () => (await admin.cluster('INFO')).toString().includes('cluster_known_nodes:6')
    await waitUntil(knowsAll, 'the nodes have met', 20_000)
  }
  for (const [i, { admin }] of replicas.entries()) {
    await admin.cluster('REPLICATE', (await masters[i]?.admin.cluster('MYID')) as string)
  }
  for (const node of nodes) {
    const isOk = async () => (await node.admin.cluster('INFO')).toString().includes('cluster_state:ok')
    await waitUntil(isOk, 'the cluster is whole', 20_000)
  }
  for (const replica of replicas) await waitUntil(() => isLinked(replica), 'the replicas are in step', 20_000)
  const url = `redis+cluster://:${PASSWORD}@${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
  return { masters, replicas, url }
}

/** Starts a master, a replica, and three Sentinels. Failover begins after half a second. */
export async function startSentinels() {
  const master = startNode(await freePort(), SERVER)
  const replica = startNode(await freePort(), [...SERVER, `replicaof 127.0.0.1 ${master.port}`])
  await waitUntil(() => isLinked(replica), 'the replica is in step', 20_000)
  const watch = [
    `sentinel monitor main 127.0.0.1 ${master.port} 2`,
    `sentinel auth-pass main ${PASSWORD}`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 2000'
  ]
  const ports = [await freePort(), await freePort(), await freePort()]
  const sentinels = ports.map((port) => startNode(port, watch, ['--sentinel']))
  for (const { admin } of sentinels) {
    const knowsAll = async () =>
      /num-slaves,1,num-other-sentinels,2/.test(`${await admin.call('SENTINEL', 'MASTER', 'main')}`)
    await waitUntil(knowsAll, 'the Sentinels know each other', 20_000)
  }
  const url = `redis+sentinel://:${PASSWORD}@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/main`
  return { master, replica, sentinels, url }
}
