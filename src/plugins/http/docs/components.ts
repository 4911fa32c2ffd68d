type Part = Record<string, unknown>
type Operation = Part & { tags?: string[]; responses?: Record<string, Part>; requestBody?: Part }
type Document = { paths?: Record<string, object | undefined>; components?: object }

/** Logging in comes first, since most calls need it; probes come last. */
const rankOf = (path: string) => ['/api/auth', '/api/', ''].findIndex((prefix) => path.startsWith(prefix))
const inOrder = (paths: Record<string, object | undefined>) =>
  Object.fromEntries(Object.entries(paths).sort(([one], [other]) => rankOf(one) - rankOf(other)))

const wordsOf = (text: string) => text.replaceAll(/[^A-Za-z]/g, '')

/**
 * Moves headers and failures that operations share to components: the document is a tenth of the size, and clients get named
 * types. Also marks optional bodies, which the package always publishes as required.
 */
export function shareComponents<T extends Document>(document: T): T {
  const headers: Record<string, unknown> = {}
  const responses: Record<string, unknown> = {}
  const known = new Map<string, string>()
  const tags = new Set<string>()

  function shareHeaders(response: Part) {
    for (const [name, header] of Object.entries((response['headers'] ?? {}) as Part)) {
      headers[name] = header
      ;(response['headers'] as Part)[name] = { $ref: `#/components/headers/${name}` }
    }
  }
  /** The status phrase, with a number if responses of the same status have other codes: Unauthorized, Unauthorized2. */
  function nameOf(response: Part) {
    const text = JSON.stringify(response)
    const phrase = wordsOf(`${response['description']}`.split(':')[0] ?? '')
    const count = [...known.values()].filter((name) => name.replace(/\d+$/, '') === phrase).length
    const name = known.get(text) ?? `${phrase}${count === 0 ? '' : count + 1}`
    known.set(text, name)
    responses[name] = response
    return name
  }

  const paths = inOrder(document.paths ?? {})
  for (const operations of Object.values(paths)) {
    for (const operation of Object.values(operations ?? {}) as Operation[]) {
      for (const tag of operation.tags ?? []) tags.add(tag)
      if (operation.requestBody && operation['x-optional-body']) operation.requestBody['required'] = false
      delete operation['x-optional-body']
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        shareHeaders(response)
        const isFailure = status >= '400' && 'application/problem+json' in ((response['content'] ?? {}) as Part)
        if (isFailure) (operation.responses as Part)[status] = { $ref: `#/components/responses/${nameOf(response)}` }
      }
    }
  }
  const named = [...tags].map((name) => ({ name }))
  return { ...document, paths, tags: named, components: { ...document.components, headers, responses } }
}
