import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { freshFolder, settled, startListening } from './process.ts'

t.test('who connected and never asks anything does not keep the service from ending well', async (t) => {
  const server = await startListening(t, freshFolder(t), settled)
  const idle = connect(server.port, '127.0.0.1')
  idle.on('error', () => {})
  t.teardown(() => idle.destroy())
  await once(idle, 'connect')

  server.child.kill('SIGTERM')

  t.equal(await server.exited, 0)
})
