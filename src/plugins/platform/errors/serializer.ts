import fastJsonStringify, { type SerializerFactory } from '@fastify/fast-json-stringify-compiler'

const build: SerializerFactory = fastJsonStringify()

/** Compiles equal reply schemas only once: every failure of every route has the same. */
export const buildSerializer: SerializerFactory = (externalSchemas, options) => {
  const compile = build(externalSchemas, options)
  const known = new Map<string, ReturnType<typeof compile>>()
  return (route) => {
    const text = JSON.stringify(route.schema)
    const serializer = known.get(text) ?? compile(route)
    known.set(text, serializer)
    return serializer
  }
}
