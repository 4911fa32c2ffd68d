import '../src/app.ts'
import { isAppOrigin } from '../src/plugins/http/cors/env.ts'
import { loadEnvironment } from '../src/plugins/platform/config/env-file.ts'
import { readSettings } from '../src/plugins/platform/config/settings.ts'
import { examineFiles, filesOption, filesUsage } from './doctor-files.ts'
import { type Account, examine } from './doctor-live.ts'
import { mailOption, mailUsage, sendTestMail } from './doctor-mail.ts'
import { checks, type Finding, type Place } from './doctor-rules.ts'
import { runCommand, UsageError } from './shell.ts'

// Finds settings that break the rules of browsers: npm run doctor -- --spa https://app.example.com --api https://api.example.com
const USAGE = `npm run doctor -- --spa <origin of the page> --api <origin of the service>

  --no-cookies    the page logs in with tokens and keeps the refresh token in JavaScript
  --live          also calls the running service, as the page would
  --user <name>   with --live: logs in with the password in DOCTOR_PASSWORD, then logs out
${mailUsage}
${filesUsage}

Run it where the service runs: it reads the same settings, from the environment and .env. It lists each check that passes on
standard output, and each that fails on standard error, with the setting to change. It exits with 1 if a check fails.`

let isHealthy = true
/** Prints the result of a check. */
function say(title: string, finding: Finding | null) {
  if (finding === null) return process.stdout.write(`pass  ${title}\n`)
  isHealthy = false
  process.exitCode = 1
  return process.stderr.write(`FAIL  ${title}\n      ${finding.setting}: ${finding.text}\n`)
}

/** Reads an address from the command line. A page may have the origin of an app. */
function readUrl(name: string, text: string) {
  if (name === 'spa' && isAppOrigin(text)) return new URL(text)
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new UsageError(`--${name} must be an address such as https://${name === 'spa' ? 'app' : 'api'}.example.com`)
  return new URL(text)
}

/** As in production, so that no .env is written. */
const readOwnSettings = () =>
  readSettings(loadEnvironment({ ...process.env, NODE_ENV: 'production' }, process.cwd(), () => {}))

function readPlace(spa: string, api: string, hasCookies: boolean): Place {
  return { page: readUrl('spa', spa), api: readUrl('api', api), settings: readOwnSettings(), hasCookies }
}

function readAccount(user: string | undefined): Account | null {
  const password = process.env['DOCTOR_PASSWORD']
  if (user && !password) throw new UsageError('--user needs the password in DOCTOR_PASSWORD')
  return user && password ? { user, password } : null
}

const options = {
  spa: { type: 'string' },
  api: { type: 'string' },
  live: { type: 'boolean' },
  'no-cookies': { type: 'boolean' },
  ...mailOption,
  ...filesOption,
  user: { type: 'string' }
} as const

await runCommand(USAGE, { options }, async ({ values }) => {
  const { spa, api, live, user, 'no-cookies': noCookies } = values
  if (values.mail && !spa && !api) return sendTestMail(values.mail, readOwnSettings(), say)
  if (values.files && !spa && !api) return examineFiles(readOwnSettings(), say)
  if (!spa || !api) throw new UsageError('Give the addresses of the page and of the service')
  const place = readPlace(spa, api, !noCookies)
  for (const { title, find } of checks) say(title, find(place))
  if (live) for await (const { title, finding } of examine(place, readAccount(user))) say(title, finding)
  process.exitCode = isHealthy ? 0 : 1
})
