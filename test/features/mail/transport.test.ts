import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import t from 'tap'
import { createTransport } from '../../../src/features/mail/transport.ts'
import { authority, here } from '../../tls.ts'
import { bodyOf, startSmtp } from './smtp.ts'

const FROM = 'The service <no-reply@example.com>'
const MAIL = { to: 'ada@example.com', subject: 'Your code – für dich', text: 'Code: AB01-XYZ9\n\n.\nGrüße' }
const never = new AbortController().signal

t.test('a mail arrives as it was written, from the sender of MAIL_FROM, with a login', async (t) => {
  const { port, received } = await startSmtp(t, {
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      password === 'p@ss/w:rd' ? done(null, { user: username ?? '' }) : done(new Error('wrong password'))
  })
  const transport = createTransport(`smtp://mailer:p%40ss%2Fw%3Ard@127.0.0.1:${port}`, FROM)
  await transport.deliver(MAIL, never)
  const [mail] = received
  t.match(mail, { from: 'no-reply@example.com', to: ['ada@example.com'], user: 'mailer' })
  t.equal(
    bodyOf(mail?.text ?? '')
      .replaceAll('\r\n', '\n')
      .trimEnd(),
    MAIL.text
  )
  t.match(mail?.text, /^From: The service <no-reply@example\.com>\r?$/m)
  t.match(mail?.text, /^Auto-Submitted: auto-generated\r?$/m)
  t.match(mail?.text, /^Content-Type: text\/plain; charset=utf-8\r?$/m)
  await t.resolves(transport.verify())
  t.equal(received.length, 1, 'verifying sends nothing')

  await t.rejects(createTransport(`smtp://mailer:wrong@127.0.0.1:${port}`, FROM).verify(), { code: 'EAUTH' })
})

t.test('ASVS 12.3.1: a server elsewhere gets no mail without TLS', async (t) => {
  const { port, received } = await startSmtp(t)
  // Linux takes this address to the loopback interface; to the service it is any other address.
  const elsewhere = createTransport(`smtp://user:secret@0.0.0.0:${port}`, FROM)
  await t.rejects(elsewhere.deliver(MAIL, never), { code: 'ETLS' })
  await t.rejects(elsewhere.verify(), { code: 'ETLS' })
  await createTransport(`smtp://127.0.0.1:${port}`, FROM).deliver(MAIL, never)
  t.equal(received.length, 1, 'one on this machine does')
})

t.test('ASVS 12.3.2: TLS is verified, for smtps and STARTTLS alike', async (t) => {
  const smtps = await startSmtp(t, { secure: true, key: here.key, cert: here.cert })
  const starttls = await startSmtp(t, { key: here.key, cert: here.cert, disabledCommands: [] })
  const secure = createTransport(`smtps://localhost:${smtps.port}`, FROM)
  const upgraded = createTransport(`smtp://0.0.0.0:${starttls.port}`, FROM)
  for (const transport of [secure, upgraded])
    await t.rejects(transport.deliver(MAIL, never), { code: /TLS|SOCKET|CERT|UNABLE/ })
  t.equal(smtps.received.length + starttls.received.length, 0)

  const before = getCACertificates('default')
  setDefaultCACertificates([...before, authority])
  t.teardown(() => setDefaultCACertificates(before))
  await secure.deliver(MAIL, never)
  t.match(smtps.received, [{ isSecure: true, to: ['ada@example.com'] }])
  await t.rejects(upgraded.deliver(MAIL, never), { code: /TLS|CERT|SOCKET/ }, 'the certificate is for another name')
})

t.test('an address never becomes two, and no header comes from a mail', async (t) => {
  const { port, received } = await startSmtp(t)
  const transport = createTransport(`smtp://127.0.0.1:${port}`, FROM)
  for (const to of [
    'ada@example.com, eve@example.com',
    'ada@example.com\r\nRCPT TO:<eve@example.com>',
    '"ada@example.com, eve"@example.com',
    'Ada <ada@example.com>',
    '<ada@example.com>',
    'ada@example.com (eve@example.com)',
    'group: ada@example.com, eve@example.com;',
    'ada@example.com;eve@example.com',
    ''
  ])
    await t.rejects(transport.deliver({ ...MAIL, to }, never), { code: 'EENVELOPE' }, to)
  t.same(received, [])

  await transport.deliver({ to: 'ada@münchen.example', subject: 'Hi\r\nBcc: eve@example.com', text: 'Hi' }, never)
  t.equal(received[0]?.to.length, 1)
  t.match(received[0]?.text, /^To: ada@xn--mnchen-3ya\.example\r?$/m)
  t.notMatch(received[0]?.text, /^Bcc:/m)
})

t.test('a server that hangs is given up at the deadline, in every phase', async (t) => {
  const deadline = () => AbortSignal.timeout(300)
  // Takes the connection and says nothing.
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  t.teardown(() => silent.close())
  const sockets = new Set<{ destroy(): void }>()
  silent.on('connection', (socket) => void sockets.add(socket))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  await t.rejects(createTransport(`smtp://127.0.0.1:${port}`, FROM).deliver(MAIL, deadline()), { code: 'EABORT' })

  const hanging = await startSmtp(t, { onRcptTo: () => {}, closeTimeout: 100 })
  await t.rejects(createTransport(`smtp://127.0.0.1:${hanging.port}`, FROM).deliver(MAIL, deadline()), {
    code: 'EABORT'
  })
})

t.test('MAIL_URL=file: writes one file a mail, which only its owner can read', async (t) => {
  const folder = join(t.testdir(), 'mails')
  const transport = createTransport(`file:${folder}`, FROM)
  await t.resolves(transport.verify())
  await transport.deliver(MAIL, never)
  await transport.deliver(MAIL, never)
  const files = readdirSync(folder)
  t.equal(files.length, 2)
  for (const file of files) {
    t.match(file, /\.eml$/)
    t.equal(statSync(join(folder, file)).mode & 0o777, 0o600)
    const raw = readFileSync(join(folder, file), 'utf8')
    t.match(raw, /^To: ada@example\.com\r?$/m)
    t.match(bodyOf(raw), 'Code: AB01-XYZ9')
  }
})
