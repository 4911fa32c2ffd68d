/** Letters and digits of any script, marks on them, and `. _ -` inside; nothing that cannot be seen. Never an e-mail address. */
export const USERNAME_PATTERN =
  '^(?!.*\\p{Default_Ignorable_Code_Point})[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N}._-]*(?<![._-])$'
/** Any text but control characters, and not blank. */
export const NAME_PATTERN = '^(?=\\P{Cc}*$)\\s*\\S'

/** What two user names that look or read alike have in common: NFKC and full case folding (UAX #31). */
export function usernameKey(username: string) {
  // By way of upper case ß is ss and both sigmas are one.
  return username.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC')
}

export function emailKey(email: string) {
  return email.toLowerCase()
}
