/** In each message once, and nowhere else in what a server sends: so the clients count messages without parsing frames. */
export const MARK = '|'
/** The data of a message, of about 200 bytes as JSON. */
export const dataOf = (n: number) => ({ n, text: MARK + 'x'.repeat(180) })
