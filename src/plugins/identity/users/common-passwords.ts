/** Loads the list when the first password is set: it takes 60 ms, and nothing needs it earlier. */
async function loadList(minLength: number) {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const listed: string[] = dictionary['passwords-common']
  return new Set(listed.filter((password) => password.length >= minLength).map((password) => password.toLowerCase()))
}

/**
 * Whether a password is one of the 49,000 most common ones, ignoring case. About 18,000 of them have 8 characters or more
 * (ASVS 5.0, 6.2.4).
 */
export function createCommonPasswords(minLength: number) {
  let list: Promise<Set<string>> | undefined
  return async function isCommon(password: string) {
    list ??= loadList(minLength)
    return (await list).has(password.toLowerCase())
  }
}
