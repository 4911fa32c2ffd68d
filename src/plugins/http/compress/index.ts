import fastifyCompress from '@fastify/compress'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * Compresses replies of 1 KiB or more. Routes that reply with tokens set `compress: false`, since the compressed length leaks a
 * secret next to text that an attacker chooses (BREACH, CVE-2013-3587). The body plugin refuses compressed requests.
 */
async function compress(app: FastifyInstance) {
  await app.register(fastifyCompress, { globalDecompression: false, threshold: 1024 })
}

export default fp(compress, { name: 'compress', dependencies: ['headers'] })
