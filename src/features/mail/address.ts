import { isEmail } from '../../plugins/http/body/email.ts'

function canDecode(text: string) {
  try {
    return decodeURIComponent(text) !== null
  } catch {
    return false
  }
}

/** Whether mails can go there: an SMTP server without parameters in its address, or a folder. */
export function isMailUrl(text: string) {
  if (text.startsWith('file:')) return text.length > 'file:'.length
  if (!/^smtps?:\/\//.test(text) || !URL.canParse(text)) return false
  const { hostname, search, hash, pathname, username, password } = new URL(text)
  const isPlain = search === '' && hash === '' && pathname.replace('/', '') === ''
  return hostname !== '' && isPlain && canDecode(username) && canDecode(password)
}

/** The sender in MAIL_FROM, or null. The name may have quotes around it. */
export function parseFrom(text: string) {
  const [, name = '', inBrackets] = /^"?([^"<>\p{Cc}]*?)"?\s*<([^<>]+)>$/u.exec(text) ?? []
  const address = inBrackets ?? text
  return isEmail(address) ? { name, address } : null
}

/** Whether an SMTP server is on this machine, where nobody can read along. */
export const isLoopback = (hostname: string) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
