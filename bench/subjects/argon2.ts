import { createServer } from 'node:http'
import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { PARAMETERS } from '../../src/plugins/identity/users/passwords.ts'

// argon2id alone: password checks per second, with as many in parallel as there are cores.

const password = 'a long first password'
const stored = await hash(password, PARAMETERS)

async function perSecond(forMs: number) {
  const begin = performance.now()
  let count = 0
  async function work() {
    while (performance.now() - begin < forMs) {
      await verify(stored, password)
      count++
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return (count * 1000) / (performance.now() - begin)
}

createServer(async (request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://localhost')
  response.end(JSON.stringify({ hashes: await perSecond(Number(searchParams.get('ms') ?? 1000)) }))
}).listen(Number(process.env['PORT']), '127.0.0.1')
