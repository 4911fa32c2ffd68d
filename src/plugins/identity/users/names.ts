import { withAsciiDomain } from '../../http/body/email.ts'

/** Letters and digits of any script with their marks, and `. _ -` between them; no invisible characters. Never an email address. */
export const USERNAME_PATTERN = '^(?![._-]|.*\\p{Default_Ignorable_Code_Point})(?:[._-]*[\\p{L}\\p{N}]\\p{M}*)+$'
/** Any text that is not blank and has no control characters. */
export const NAME_PATTERN = '^(?=\\P{Cc}*$)\\s*\\S'

/** The same for usernames that look or read alike: NFKC and full case folding (UAX #31). */
export function usernameKey(username: string) {
  // Upper case turns ß into ss and merges both sigmas. Lower case comes first because ẞ is already upper case.
  return username.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')
}

/** The same for all spellings of an address: lower case, with the domain in ASCII. */
export function emailKey(email: string) {
  return withAsciiDomain(email).toLowerCase()
}
