import { text } from '../../plugins/platform/config/setting-types.ts'
import { defineConflict, defineSettings, type Values } from '../../plugins/platform/config/settings.ts'
import { isMailUrl, parseFrom } from './address.ts'

const mailSettings = defineSettings({
  /** Without it, no mail is sent, and what needs mail is off. */
  MAIL_URL: text(null, isMailUrl, 'must be smtp://user:password@host:587, smtps://…, or file:./folder'),
  MAIL_FROM: text(null, (from) => parseFrom(from) !== null, 'must be an address, or Name <address>')
})

defineConflict(({ MAIL_URL, MAIL_FROM, COOKIE_SECURE }) => {
  if (MAIL_URL && MAIL_FROM === null) return 'MAIL_FROM is required with MAIL_URL: the sender of every mail'
  if (MAIL_URL?.startsWith('file:') && COOKIE_SECURE)
    return 'MAIL_URL must not be a folder with COOKIE_SECURE: nobody would get the mails'
  return null
})

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof mailSettings> {}
}
