import { execFile } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { testEnvironment } from '../build.ts'
import { startSmtp } from '../features/mail/smtp.ts'
import { freePort } from '../wait.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/doctor.ts')

/** Runs the doctor in an empty folder. */
function runDoctor(cwd: string, environment: Record<string, string>) {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>()
  const env = { ...process.env, ...testEnvironment, ...environment }
  const child = execFile(
    process.execPath,
    [SCRIPT, '--mail', 'ada@example.com'],
    { cwd, env },
    (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr })
  )
  return promise
}

t.test('the doctor sends a mail with the settings of the service, or says why it cannot', async (t) => {
  const folder = t.testdir()
  const MAIL_FROM = 'no-reply@example.com'
  const { port, received } = await startSmtp(t)
  t.match(await runDoctor(folder, { MAIL_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM }), { code: 0, stdout: /^pass/ })
  t.same(received[0]?.to, ['ada@example.com'])
  const MAIL_URL = `smtp://mailer:secret@127.0.0.1:${await freePort()}`
  const down = await runDoctor(folder, { MAIL_URL, MAIL_FROM })
  t.match(down, { code: 1, stderr: /MAIL_URL: .*ECONNREFUSED/ })
  t.notMatch(down.stderr, 'secret')
  t.match(await runDoctor(folder, {}), { code: 1, stderr: /MAIL_URL: It is not set/ })
})
