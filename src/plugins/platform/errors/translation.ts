/** Turns a package's error into a coded one, or returns null. */
export type ErrorTranslator = (error: unknown) => Error | null

/** Translates errors of packages into ours. */
export function createTranslation() {
  const translators: ErrorTranslator[] = []
  return {
    add: (translator: ErrorTranslator) => void translators.push(translator),
    translateError(thrown: unknown) {
      for (const translator of translators) {
        const error = translator(thrown)
        if (error !== null) return error
      }
      return thrown
    }
  }
}
