import { isIP } from 'node:net'
import { duration, integer, list, text } from './setting-types.ts'
import { defineSettings, type Values } from './settings.ts'

/** An address without a zone, or a CIDR range. Names, `true`, and hop counts would trust strangers (CVE-2026-16732). */
function isAddressRange(item: string) {
  const [address = '', prefix = '32', ...rest] = item.split('/')
  const bits = isIP(address) === 6 ? 128 : 32
  return (
    isIP(address) !== 0 &&
    !address.includes('%') &&
    rest.length === 0 &&
    /^\d{1,3}$/.test(prefix) &&
    +prefix > 0 &&
    +prefix <= bits
  )
}

/** How clients reach the process, and how it stops. */
const configSettings = defineSettings({
  HOST: text('localhost', (host) => !/[\s/]/.test(host), 'must be a host name or an address'),
  PORT: integer('3000', 0, 65_535),
  TRUST_PROXY: list(
    isAddressRange,
    'must list addresses or CIDR ranges such as 10.0.0.0/8; true and numbers are not accepted'
  ),
  SHUTDOWN_DELAY: duration('0s', 0, '1h')
})

declare module './settings.ts' {
  interface Settings extends Values<typeof configSettings> {}
}
