import fastifyCompress from '@fastify/compress'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * Compresses replies from 1 KiB on. Routes whose replies carry tokens say `compress: false`, since length leaks what is
 * compressed beside chosen text (CVE-2013-3587). Compressed requests are refused: see input.
 */
async function compress(app: FastifyInstance) {
  await app.register(fastifyCompress, { globalDecompression: false, threshold: 1024 })
  // The package says it of compressed replies only, but a cache has to know it of the others (RFC 9110, 12.5.5). In lower
  // case, since it looks for that.
  app.addHook('onRequest', function varyOnEncoding(_request, reply, done) {
    reply.header('vary', [reply.getHeader('vary') ?? [], 'accept-encoding'].flat().join(', '))
    done()
  })
}

export default fp(compress, { name: 'compress', dependencies: ['headers'] })
