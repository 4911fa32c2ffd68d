import { domainToASCII } from 'node:url'

const ASCII_EMAIL =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/
/** Labels of letters and digits of any script; what may be in them exactly, IDNA decides (UTS #46). */
const LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{M}\\p{N}-]*[\\p{L}\\p{M}\\p{N}])?'
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})+$`, 'u')
const EMAIL_MAX_LENGTH = 254

/** With the domain in ASCII, where that is international; any other text as it is. */
export function withAsciiDomain(email: string) {
  const at = email.lastIndexOf('@') + 1
  const domain = email.slice(at)
  // Not for what is ASCII already: the function takes `0x7f.1` for a number.
  const isInternational = at > 0 && DOMAIN.test(domain) && /[^\0-\x7f]/.test(domain)
  return isInternational ? email.slice(0, at) + (domainToASCII(domain) || domain) : email
}

/** The format of e-mail addresses: an ASCII local part without quotes, and a domain that may be international. */
export function isEmail(text: string) {
  const email = withAsciiDomain(text)
  return ASCII_EMAIL.test(email) && email.length <= EMAIL_MAX_LENGTH
}
