/** What a body may be at most, in bytes: logins and accounts need little (API4:2023). */
export const SMALL_BODY = 16 * 1024
export const LARGE_BODY = 100 * 1024
