import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freshFolder, settled } from './process.ts'
import { freePort, waitUntil } from './servers.ts'

const ROOT = join(import.meta.dirname, '..')
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } }
const has = (command: string) => spawnSync(command, ['--version']).status === 0
const statusOf = (url: string) =>
  fetch(url).then(
    ({ status }) => status,
    () => null
  )

// Some shells replace themselves with the program they run. Others start it and wait, and npm's signal reaches only the shell.
for (const shell of ['sh', 'bash']) {
  const skip = ['npm', ...(shell === 'sh' ? [] : [shell])].every(has) ? false : `needs npm and ${shell}`
  t.test(
    `SIGTERM to npm start ends the service gracefully and leaves no process behind, by ${shell}`,
    { skip },
    async (t) => {
      const folder = freshFolder(t)
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'x', scripts: { start: scripts.start } }))
      for (const name of ['src', 'node_modules']) symlinkSync(join(ROOT, name), join(folder, name))
      const port = `${await freePort()}`
      const { PATH = '', HOME = folder } = process.env
      const npm = { npm_config_script_shell: shell, npm_config_update_notifier: 'false' }
      const env = { PATH, HOME, ...npm, ...settled, HOST: '127.0.0.1', PORT: port, SHUTDOWN_DELAY: '2s' }
      // A process group of its own: every process that remains in it was left behind.
      const child = spawn('npm', ['start'], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
      const group = -(child.pid ?? Number.NaN)
      const isAlive = () => {
        try {
          return process.kill(group, 0)
        } catch {
          return false
        }
      }
      t.teardown(() => isAlive() && process.kill(group, 'SIGKILL'))
      let output = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          output += chunk
        })
      }
      const url = `http://127.0.0.1:${port}`
      await waitUntil(() => output.includes('listening at'), 'it listens', 60_000)

      child.kill('SIGTERM')
      await waitUntil(() => statusOf(`${url}/readyz`).then((status) => status === 503), 'it stops')
      t.equal(await statusOf(`${url}/api/auth`), 200, 'and serves until SHUTDOWN_DELAY is over')
      await waitUntil(() => !isAlive(), 'nothing is left', 12_000)
      t.equal(output.match(/"event":"sys_shutdown"/g)?.length, 1)
      t.notMatch(output, 'killed by timeout')
    }
  )
}
