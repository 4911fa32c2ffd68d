import { secrets } from '../../platform/config/secrets.ts'
import { duration, text } from '../../platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../platform/config/settings.ts'
import { readPrivateKeys } from './keys.ts'

const jwtSettings = defineSettings({
  JWT_SECRET_KEY: secrets(),
  JWT_PRIVATE_KEY: text(
    null,
    (pem) => readPrivateKeys(pem) !== null,
    'must be one or more different PKCS#8 private keys in PEM, all Ed25519 or all P-256: openssl genpkey -algorithm ed25519'
  ),
  JWT_ISSUER: text('fastify-minimal-starter', (name) => !/\s/.test(name), 'must be a text without spaces'),
  ACCESS_TOKEN_TTL: duration('15m'),
  REFRESH_TOKEN_TTL: duration('30d'),
  REFRESH_GRACE: duration('30s', 0)
})

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof jwtSettings> {}
}
