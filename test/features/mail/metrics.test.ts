import t from 'tap'
import { build } from '../../build.ts'
import { freePort, waitUntil } from '../../wait.ts'

t.test('metrics say how many mails wait, and that mail is unavailable', async (t) => {
  const MAIL_URL = `smtp://127.0.0.1:${await freePort()}`
  const METRICS_PORT = `${await freePort()}`
  const app = await build(t, { MAIL_URL, MAIL_FROM: 'no-reply@example.com', METRICS_PORT })
  app.mail?.send({ to: 'ada@example.com', subject: 'A subject', text: 'A text' })
  await waitUntil(() => app.mail?.isUp() === false, 'the outage is noticed')
  const text = await app.metrics?.metrics()
  t.match(text, 'dependency_up{dependency="mail"} 0')
  t.match(text, 'mails_queued 1')
  t.match(text, 'mails_total{result="sent"} 0')
})
