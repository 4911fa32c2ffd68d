import fastJsonStringify, { type SerializerFactory } from '@fastify/fast-json-stringify-compiler'

const build: SerializerFactory = fastJsonStringify()
type Serializer = ReturnType<ReturnType<SerializerFactory>>

function compileLater(compile: () => Serializer): Serializer {
  let serializer: Serializer | undefined
  return (reply) => {
    serializer ??= compile()
    return serializer(reply)
  }
}

/** Compiles a reply schema when it is first used, and equal ones only once: every failure of every route has the same. */
export const buildSerializer: SerializerFactory = (externalSchemas, options) => {
  const compile = build(externalSchemas, options)
  const known = new Map<string, ReturnType<typeof compile>>()
  return (route) => {
    const text = JSON.stringify(route.schema)
    const serializer = known.get(text) ?? compileLater(() => compile(route))
    known.set(text, serializer)
    return serializer
  }
}
