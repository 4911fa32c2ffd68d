import { buildApp } from '../src/app.ts'
import { loadSettings } from './shell.ts'

/** Prints what the service logs, apart from the failure of the database, with which the command fails itself. */
function printLog(line: string) {
  const { dependency, msg } = JSON.parse(line)
  if (dependency !== 'database') process.stderr.write(`${msg}\n`)
}

/** The app of a command, which does not listen. Rejects if the database does not answer. */
export async function openApp() {
  const app = await buildApp({ ...loadSettings(), LOG_LEVEL: 'error' }, { write: printLog })
  try {
    await app.ready()
    await app.dependencies.get('database')?.check()
    return app
  } catch (error) {
    await app.close()
    throw error
  }
}
