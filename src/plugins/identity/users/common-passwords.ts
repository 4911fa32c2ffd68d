/** Loads the list when the first password is set: it takes 60 ms, and nothing needs it earlier. */
async function loadList() {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const listed: string[] = dictionary['passwords-common']
  // PASSWORD_MIN_LENGTH is at least 8.
  return new Set(listed.filter((password) => password.length >= 8).map((password) => password.toLowerCase()))
}
let list: ReturnType<typeof loadList> | undefined

/**
 * Whether a password is one of the 49,000 most common ones, ignoring case. About 18,000 of them have 8 characters or more
 * (ASVS 5.0, 6.2.4).
 */
export async function isCommonPassword(password: string) {
  list ??= loadList()
  return (await list).has(password.toLowerCase())
}
