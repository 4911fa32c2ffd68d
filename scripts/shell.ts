import { type ParseArgsConfig, parseArgs } from 'node:util'
import { loadEnvironment } from '../src/plugins/platform/config/env-file.ts'
import { OperatorError } from '../src/plugins/platform/config/operator-error.ts'
import { readSettings } from '../src/plugins/platform/config/settings.ts'
import { explain } from '../src/plugins/platform/db/explain.ts'

// What the commands of the shell share.

/** The words of a command do not fit: its usage is printed too. */
export class UsageError extends OperatorError {}

export const print = (line: string) => void process.stdout.write(`${line}\n`)

/** Reads the settings that this script has imported, from the environment and .env. */
export const loadSettings = () => readSettings(loadEnvironment(process.env, process.cwd(), print))

/** An error in one line. Prints only messages that are meant for readers: others may quote rows or addresses. */
export function toLine(error: unknown) {
  const { name, message, code, statusCode = 0 } = error as Error & { code?: string; statusCode?: number }
  if (error instanceof OperatorError || code?.startsWith('ERR_PARSE_ARGS')) return message
  return explain(error) ?? (name === 'FastifyError' && statusCode < 500 ? message : `${code ?? name}`)
}

/** Runs a command with the words of the command line. An error is one line, and exit code 1. */
export async function runCommand<T extends ParseArgsConfig>(
  usage: string,
  config: T,
  work: (parsed: ReturnType<typeof parseArgs<T>>) => void | Promise<void>
) {
  try {
    const words = process.argv.slice(2)
    if (words[0] === 'help' || words.includes('--help') || words.includes('-h')) return print(usage)
    await work(parseArgs(config))
  } catch (error) {
    const isUsage = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
    process.stderr.write(`${toLine(error)}\n${isUsage ? `\n${usage}\n` : ''}`)
    process.exitCode = 1
  }
}
