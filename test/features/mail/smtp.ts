import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Test } from 'tap'

export type Received = { from: string; to: string[]; text: string; isSecure: boolean; user: string | undefined }

/** Starts a real SMTP server, without TLS unless the options say so. `received` are the mails that it took. */
export async function startSmtp(t: Test, options: SMTPServerOptions = {}, ownPort = 0) {
  const received: Received[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope, secure, user }, done) {
      let text = ''
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      stream.on('end', () => {
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        const to = envelope.rcptTo.map(({ address }) => address)
        received.push({ from, to, text, isSecure: secure, user })
        done()
      })
    },
    ...options
  })
  // Clients of these tests go away in the middle.
  server.on('error', () => {})
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(ownPort, '127.0.0.1', resolve)
  await promise
  t.teardown(() => new Promise<void>((done) => server.close(done)))
  return { server, received, port: (server.server.address() as AddressInfo).port }
}

/** The text of a mail that was sent as quoted-printable, 7bit, or base64. */
export function bodyOf(raw: string) {
  const [head = '', ...rest] = raw.split(/\r?\n\r?\n/)
  const body = rest.join('\n\n')
  if (/transfer-encoding: base64/i.test(head)) return Buffer.from(body, 'base64').toString()
  if (!/transfer-encoding: quoted-printable/i.test(head)) return body
  const bytes = body
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([\dA-F]{2})/g, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
