/** So many credentials, of about 1 kB each, are remembered, so that what comes again costs no signature. */
export const REMEMBERED = 4000

/**
 * Remembers what belongs to the keys asked for last, `size` of them at least and twice as many at most. A generation at a time
 * is forgotten, so that neither asking nor adding has to keep an order.
 */
export function createRecent<T extends object | boolean>(size: number) {
  let young = new Map<string, T>()
  let old = new Map<string, T>()

  function set(key: string, value: T) {
    if (young.size >= size) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }

  return {
    set,
    get(key: string): T | undefined {
      const value = young.get(key)
      if (value !== undefined) return value
      const aged = old.get(key)
      if (aged !== undefined) set(key, aged)
      return aged
    }
  }
}
