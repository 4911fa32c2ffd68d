import { domainToASCII } from 'node:url'

const ASCII_EMAIL =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/
/** A label of letters and digits in any script. IDNA decides the rest (UTS #46). */
const LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{M}\\p{N}-]*[\\p{L}\\p{M}\\p{N}])?'
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})+$`, 'u')
const EMAIL_MAX_LENGTH = 254

/** Converts an international domain to ASCII and leaves any other text as it is. */
export function withAsciiDomain(email: string) {
  const at = email.lastIndexOf('@') + 1
  const domain = email.slice(at)
  // Skips ASCII domains: domainToASCII would read `0x7f.1` as an IPv4 address.
  const isInternational = at > 0 && DOMAIN.test(domain) && /[^\0-\x7f]/.test(domain)
  return isInternational ? email.slice(0, at) + (domainToASCII(domain) || domain) : email
}

/** The format of an email address: an ASCII local part without quotes, and a domain that may be international. */
export function isEmail(text: string) {
  const email = withAsciiDomain(text)
  return ASCII_EMAIL.test(email) && email.length <= EMAIL_MAX_LENGTH
}
