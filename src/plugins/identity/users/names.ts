import { withAsciiDomain } from '../../http/body/email.ts'

/** Letters and digits of any script with their marks, and `. _ -` between; nothing that cannot be seen. Never an e-mail address. */
export const USERNAME_PATTERN = '^(?![._-]|.*\\p{Default_Ignorable_Code_Point})(?:[._-]*[\\p{L}\\p{N}]\\p{M}*)+$'
/** Any text but control characters, and not blank. */
export const NAME_PATTERN = '^(?=\\P{Cc}*$)\\s*\\S'

/** What two user names that look or read alike have in common: NFKC and full case folding (UAX #31). */
export function usernameKey(username: string) {
  // By way of upper case ß is ss and both sigmas are one; lower case first, since ẞ is upper case already.
  return username.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')
}

/** What two spellings of an address have in common: lower case, with the domain in ASCII. */
export function emailKey(email: string) {
  return withAsciiDomain(email).toLowerCase()
}
