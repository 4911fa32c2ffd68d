import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../src/app.ts'
import { readSettings } from '../src/plugins/platform/config/settings.ts'

// npm run openapi: writes docs/openapi.json, the contract of the routes with production settings.

export const OPENAPI_FILE = join(import.meta.dirname, '../docs/openapi.json')

/** The document as JSON text. */
export async function readOpenApi() {
  const randomKey = () => randomBytes(48).toString('base64url')
  const keys = { SECRET_KEY: randomKey(), JWT_SECRET_KEY: randomKey(), ENCRYPTION_KEY: randomKey() }
  const settings = readSettings({
    ...keys,
    PASSKEY_RP_ID: 'example.com',
    STORAGE_URI: `file:${tmpdir()}`,
    OIDC_PROVIDERS: 'google=https://client:secret@accounts.google.com',
    OIDC_REDIRECT_URI: 'https://app.example.com/callback',
    // No mail is sent.
    MAIL_URL: 'smtp://localhost',
    MAIL_FROM: 'no-reply@example.com',
    DB_URI: ':memory:',
    API_DOCS: 'true',
    LOG_LEVEL: 'silent'
  })
  const app = await buildApp(settings)
  await app.ready()
  const document = app.swagger()
  await app.close()
  return `${JSON.stringify(document, null, 2)}\n`
}

if (process.argv[1] === import.meta.filename) writeFileSync(OPENAPI_FILE, await readOpenApi())
