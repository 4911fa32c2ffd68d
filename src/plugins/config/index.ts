import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { rules } from './rules.ts'
import type { Settings } from './settings.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Settings
  }
}

/** `app.config`: the settings, validated and frozen before anything was built. What they may get wrong is said when it listens. */
async function config(app: FastifyInstance, { settings }: { settings: Settings }) {
  app.decorate('config', settings)
  app.addHook('onListen', async () => {
    for (const { setting, text, isBroken } of rules) if (isBroken(settings)) app.log.warn({ setting }, text)
  })
}

export default fp(config, { name: 'config' })
