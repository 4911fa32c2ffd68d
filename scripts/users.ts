import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { openApp } from './open-app.ts'
import { print, runCommand, UsageError } from './shell.ts'
import { commands } from './users-commands.ts'
import { roleUsage } from './users-roles.ts'
import { tokenUsage } from './users-tokens.ts'

// Manages accounts and sessions from the shell, with the code of the service: npm run users -- help
const USAGE = `npm run users -- create <username> <email> <name>       creates an account
npm run users -- list                                   lists all accounts
npm run users -- sessions <username or email>           lists the active sessions of an account
npm run users -- revoke <username or email>             ends all sessions of an account; add --login <id> to end one
npm run users -- revoke --all                           ends all sessions of all accounts
npm run users -- password <username or email>           sets a new password and ends all sessions of the account
npm run users -- reset-factors <username or email>      removes the second factors of an account, if all of them are lost
${tokenUsage}
${roleUsage}

The command asks for passwords, or reads them from standard input. Never put a password on the command line.`

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

const config = { allowPositionals: true, options: { login: { type: 'string' }, all: { type: 'boolean' } } } as const

await runCommand(USAGE, config, async ({ values, positionals: [name = '', ...words] }) => {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) throw new UsageError(name === '' ? 'Say what to do' : `There is no command ${name}`)
  const app = await openApp()
  try {
    await command(app, { print, readPassword }, words, values)
  } finally {
    await app.close()
  }
})
