import { registerHooks } from 'node:module'

// Loaded before the service: puts an empty plugin in the place of those that WITHOUT names.

const names = (process.env['WITHOUT'] ?? '').split(',').filter(Boolean)
const FASTIFY_PLUGIN = import.meta.resolve('fastify-plugin')
// The one decorator of a plugin in question that others use.
const decorators: Record<string, string> = { health: "app.decorate('lifecycle', { isStopping: false })" }

registerHooks({
  load(url, context, next) {
    const name = /\/src\/plugins\/([\w-]+)\/index\.ts$/.exec(url)?.[1] ?? ''
    if (!names.includes(name)) return next(url, context)
    const source = `import fp from '${FASTIFY_PLUGIN}'
      export default fp(async (app) => { ${decorators[name] ?? ''} }, { name: '${name}' })`
    return { format: 'module', source, shortCircuit: true }
  }
})
