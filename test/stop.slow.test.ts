import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { freshFolder, settled, startListening } from './process.ts'

t.test('an idle connection does not keep the service from exiting cleanly', async (t) => {
  const server = await startListening(t, freshFolder(t), settled)
  const idle = connect(server.port, '127.0.0.1')
  idle.on('error', () => {})
  t.teardown(() => idle.destroy())
  await once(idle, 'connect')

  server.child.kill('SIGTERM')

  t.equal(await server.exited, 0)
})
