/** The size limits of bodies, in bytes. The small one is for credentials and accounts (API4:2023). */
export const SMALL_BODY = 16 * 1024
export const LARGE_BODY = 100 * 1024
