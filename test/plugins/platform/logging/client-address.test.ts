import t from 'tap'
import { buildWithLog } from '../../../build.ts'

const PROXY = '10.0.0.1'
const STRANGER = '203.0.113.9'

const rows: { name: string; from: string; forwarded: string | undefined; address: string }[] = [
  { name: 'a stranger is who connects', from: STRANGER, forwarded: '192.0.2.1', address: STRANGER },
  { name: 'the proxy tells', from: PROXY, forwarded: '192.0.2.1', address: '192.0.2.1' },
  {
    name: 'the right-most address that is no proxy counts',
    from: PROXY,
    forwarded: '1.1.1.1, 192.0.2.1',
    address: '192.0.2.1'
  },
  {
    name: 'a proxy in front of the proxy is passed over',
    from: PROXY,
    forwarded: '192.0.2.1, 10.0.0.2',
    address: '192.0.2.1'
  },
  { name: 'the proxy itself asks', from: PROXY, forwarded: undefined, address: PROXY },
  { name: 'garbage is no address', from: PROXY, forwarded: 'unknown', address: PROXY },
  { name: 'nor is what is empty', from: PROXY, forwarded: '', address: PROXY },
  { name: 'nor 10 kB', from: PROXY, forwarded: 'x'.repeat(10_000), address: PROXY },
  { name: 'nor a port that is none', from: PROXY, forwarded: '192.0.2.1:port', address: PROXY },
  { name: 'nor a port without an address', from: PROXY, forwarded: ':443', address: PROXY },
  { name: 'nor IPv6 with a port and no brackets', from: PROXY, forwarded: '2001:db8:1:2:3:4:5:6:443', address: PROXY },
  { name: 'nor brackets that do not end', from: PROXY, forwarded: '[2001:db8::1', address: PROXY },
  { name: 'nor a name in brackets', from: PROXY, forwarded: '[localhost]:443', address: PROXY },
  { name: 'IPv4 with a port', from: PROXY, forwarded: '203.0.113.5:51234', address: '203.0.113.5' },
  { name: 'the same client on another port', from: PROXY, forwarded: '203.0.113.5:51235', address: '203.0.113.5' },
  { name: 'another client with a port', from: PROXY, forwarded: '203.0.113.6:51234', address: '203.0.113.6' },
  {
    name: 'IPv6 with brackets and a port',
    from: PROXY,
    forwarded: '[2001:db8:0:3::7]:443',
    address: '2001:db8:0:3::7'
  },
  { name: 'IPv6 with brackets alone', from: PROXY, forwarded: '[2001:db8:0:1::7]', address: '2001:db8:0:1::7' },
  {
    name: 'IPv6 with brackets, zone and port',
    from: PROXY,
    forwarded: '[fe80:0:0:1::1%eth0]:80',
    address: 'fe80:0:0:1::1'
  },
  {
    name: 'IPv4 in IPv6 with brackets and port',
    from: PROXY,
    forwarded: '[::ffff:192.0.2.2]:80',
    address: '192.0.2.2'
  },
  {
    name: 'a chain in which every hop has a port',
    from: PROXY,
    forwarded: '1.1.1.1:1, 192.0.2.3:51234, 10.0.0.2:443, [::ffff:10.0.0.3]:80',
    address: '192.0.2.3'
  },
  {
    name: 'a chain of IPv6 hops with ports and zones',
    from: PROXY,
    forwarded: '1.1.1.1, [2001:db8:0:2::7]:51234, [fd00::1%eth0]:443, fd00::2%eth1',
    address: '2001:db8:0:2::7'
  },
  { name: 'a stranger with ports is who connects', from: STRANGER, forwarded: '192.0.2.1:80', address: STRANGER },
  { name: 'IPv6', from: PROXY, forwarded: '2001:db8::1', address: '2001:db8::1' },
  { name: 'IPv6 without its zone', from: PROXY, forwarded: `fe80::7%${'a'.repeat(5000)}`, address: 'fe80::7' },
  { name: 'IPv4 in IPv6', from: PROXY, forwarded: '::ffff:192.0.2.1', address: '192.0.2.1' },
  { name: 'IPv4 in IPv6 of the connection', from: '::ffff:203.0.113.9', forwarded: undefined, address: STRANGER }
]

t.test('the client address, in the log and for the rate limit', async (t) => {
  const { app, lines } = await buildWithLog(t, { TRUST_PROXY: '10.0.0.0/8, fd00::/8', RATE_LIMIT_MAX: '50' })
  const asked = new Map<string, number>()
  for (const { name, from, forwarded, address } of rows) {
    lines.length = 0
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
    const reply = await app.inject({ method: 'GET', url: '/api/auth', remoteAddress: from, headers })

    t.equal(reply.statusCode, 200, name)
    t.equal(lines[0]?.['ip'], address, name)
    asked.set(address, (asked.get(address) ?? 0) + 1)
    t.equal(Number(reply.headers['ratelimit-remaining']), 50 - (asked.get(address) ?? 0), `${name}: its own limit`)
  }
})
