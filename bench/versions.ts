import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGES = [
  ...['fastify', '@fastify/session', '@fastify/jwt', 'better-sqlite3', 'ioredis', '@node-rs/argon2'],
  ...['better-auth', 'express', 'express-session', 'passport', 'connect-redis', 'redis', 'jsonwebtoken'],
  ...['ws', '@fastify/websocket', 'socket.io', '@boringnode/transmit']
]

/** Versions of the compared packages, from the lock files. */
export function readVersions() {
  const lockFile = (path: string) =>
    JSON.parse(readFileSync(join(import.meta.dirname, path), 'utf8')).packages as Record<string, { version: string }>
  const installed = { ...lockFile('package-lock.json'), ...lockFile('../package-lock.json') }
  const versions = PACKAGES.map((name) => [name, installed[`node_modules/${name}`]?.version ?? 'none'])
  return { node: process.versions.node, ...Object.fromEntries(versions) } as Record<string, string>
}
