import fastifyCompress from '@fastify/compress'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * Compresses replies from 1 KiB on. Routes whose replies carry tokens say `compress: false`, since length leaks what is
 * compressed beside chosen text (CVE-2013-3587); so do those whose replies are always shorter. Compressed requests are
 * refused: see input.
 */
async function compress(app: FastifyInstance) {
  await app.register(fastifyCompress, { globalDecompression: false, threshold: 1024 })
}

export default fp(compress, { name: 'compress', dependencies: ['headers'] })
