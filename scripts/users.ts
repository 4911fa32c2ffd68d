import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { buildApp } from '../src/app.ts'
import { loadEnvironment } from '../src/plugins/platform/config/env-file.ts'
import { readSettings } from '../src/plugins/platform/config/settings.ts'
import { commands, Refused } from './users-commands.ts'

// Manages accounts and sessions from the shell, with the code of the service: npm run users -- help
const HELP = `npm run users -- create <username> <email> <name>       creates an account
npm run users -- list                                   lists all accounts
npm run users -- sessions <username or email>           lists the active sessions of an account
npm run users -- revoke <username or email>             ends all sessions of an account; add --login <id> to end one
npm run users -- revoke --all                           ends all sessions of all accounts
npm run users -- password <username or email>           sets a new password and ends all sessions of the account

The command asks for passwords, or reads them from standard input. Never put a password on the command line.
`
const print = (line: string) => process.stdout.write(`${line}\n`)

/** Asks for the password without echoing it. Without a terminal, reads the first line of standard input. */
async function readPassword() {
  if (process.stdin.isTTY) process.stderr.write('Password: ')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: process.stdin.isTTY })
  const password = await Promise.race([
    lines.question(''),
    new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  ])
  lines.close()
  if (process.stdin.isTTY) process.stderr.write('\n')
  return password
}

async function run() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { login: { type: 'string' }, all: { type: 'boolean' } }
  })
  const [name = 'help', ...words] = positionals
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) return print(HELP)
  const settings = readSettings(loadEnvironment(process.env, process.cwd(), print))
  const app = await buildApp({ ...settings, LOG_LEVEL: 'error' }, { write: (line) => process.stderr.write(line) })
  try {
    await app.ready()
    await command(app, { print, readPassword }, words, values)
  } finally {
    await app.close()
  }
}

await run().catch((error: Error & { code?: string; statusCode?: number }) => {
  // Prints only messages that are meant for readers: the text of a database error may quote rows.
  const isOurs = error instanceof Refused || error.name === 'FastifyError' || error.name === 'InvalidSettings'
  process.stderr.write(`${isOurs ? error.message : (error.code ?? error.name)}\n`)
  process.exitCode = 1
})
