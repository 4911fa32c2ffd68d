import { domainToASCII } from 'node:url'

/** Letters and digits of any script with their marks, and `. _ -` between; nothing that cannot be seen. Never an e-mail address. */
export const USERNAME_PATTERN = '^(?![._-]|.*\\p{Default_Ignorable_Code_Point})(?:[._-]*[\\p{L}\\p{N}]\\p{M}*)+$'
/** Any text but control characters, and not blank. */
export const NAME_PATTERN = '^(?=\\P{Cc}*$)\\s*\\S'

/** What two user names that look or read alike have in common: NFKC and full case folding (UAX #31). */
export function usernameKey(username: string) {
  // By way of upper case ß is ss and both sigmas are one; lower case first, since ẞ is upper case already.
  return username.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')
}

const ASCII_EMAIL =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/
/** Labels of letters and digits of any script; what may be in them exactly, IDNA decides (UTS #46). */
const LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{M}\\p{N}-]*[\\p{L}\\p{M}\\p{N}])?'
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})+$`, 'u')
const EMAIL_MAX_LENGTH = 254

/** With the domain in ASCII, where that is international; any other text as it is. */
function withAsciiDomain(email: string) {
  const at = email.lastIndexOf('@') + 1
  const domain = email.slice(at)
  // Not for what is ASCII already: the function takes `0x7f.1` for a number.
  const isInternational = at > 0 && DOMAIN.test(domain) && /[^\0-\x7f]/.test(domain)
  return isInternational ? email.slice(0, at) + (domainToASCII(domain) || domain) : email
}

/** What two spellings of an address have in common: lower case, with the domain in ASCII. */
export function emailKey(email: string) {
  return withAsciiDomain(email).toLowerCase()
}

/** The format of e-mail addresses: an ASCII local part without quotes, and a domain that may be international. */
export function isEmail(text: string) {
  const email = withAsciiDomain(text)
  return ASCII_EMAIL.test(email) && email.length <= EMAIL_MAX_LENGTH
}
