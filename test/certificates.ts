import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import t, { type Test } from 'tap'
import { buildWithLog } from './build.ts'
import { waitUntil } from './servers.ts'
import { authority, elsewhere, here, listenWithTls } from './tls.ts'

// What the service makes of the certificate of a server that it uses, and what it says about it.

const usual = getCACertificates('default')
/** Trusts the authority of the test certificates until the test ends. */
export const trust = (t: Test) => {
  setDefaultCACertificates([...usual, authority])
  t.teardown(() => setDefaultCACertificates(usual))
}

const faults = [
  { name: 'from an unknown authority', certificate: here, isKnown: false, says: 'NODE_EXTRA_CA_CERTS' },
  // The certificate is for localhost, which postgres.js would compare with the certificate of any IP address.
  { name: 'for another host', certificate: elsewhere, isKnown: true, says: 'the certificate is for another host' },
  {
    name: 'missing, since the server does not use TLS',
    certificate: null,
    isKnown: true,
    says: 'the server does not use TLS'
  }
]

/** A server behind a front that speaks TLS: `environment` has its address. */
type Server = {
  name: string
  protocol: 'postgres' | 'redis'
  setting: string
  environment(port: number): Record<string, string>
}

/** Tests that a server with a wrong certificate gets nothing. */
export function testCertificates({ name: server, protocol, setting, environment }: Server) {
  for (const { name, certificate, isKnown, says } of faults) {
    t.test(`ASVS 12.3.2: ${server} whose certificate is ${name} receives nothing, and the log says why`, async (t) => {
      if (isKnown) trust(t)
      const { told, port } = await listenWithTls(t, certificate, protocol)
      const { app, lines } = await buildWithLog(t, environment(port))
      const down = () => lines.filter(({ event }) => event === 'dependency_down')
      await waitUntil(() => down().length > 0, 'it is said')
      t.equal(told.bytes, 0, 'not even the name of the user')
      t.match(down(), [{ level: 'error', msg: new RegExp(`: ${setting} .*${says}`) }])
      t.notMatch(JSON.stringify(lines), /hunter2/)
      const ready = await app.inject({ method: 'GET', url: '/readyz' })
      t.match(ready.json(), { checks: protocol === 'redis' ? { redis: 'down' } : { database: 'down' } })
      const { connections } = told
      await waitUntil(() => told.connections >= connections + 2, 'the service tries twice more')
      t.equal(down().length, 1, 'once')
    })
  }
}
