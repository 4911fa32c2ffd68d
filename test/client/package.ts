import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** Runs a program in this folder with a clean environment; returns its output. Throws it if the program fails. */
export async function run(cwd: string, command: string, ...words: string[]) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
  // Without NODE_OPTIONS, which loads the test runner into every process.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', command, ...words], { cwd, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${words.join(' ')}: ${output}`)
  return output
}

/** Packs a copy of the client that was never built, with the packages of this clone; returns the path of the tarball. */
export async function packClient(parent: string) {
  const folder = mkdtempSync(join(parent, 'packed-'))
  const filter = (path: string) => !['node_modules', 'dist'].includes(basename(path))
  cpSync(join(ROOT, 'client'), join(folder, 'client'), { recursive: true, filter })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await run(join(folder, 'client'), 'npm', 'pack', '--pack-destination', folder)
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  return join(folder, tarball)
}
