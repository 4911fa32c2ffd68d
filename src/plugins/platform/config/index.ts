import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import type { Settings } from './settings.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Settings
  }
}

/** `app.config`: the settings, validated and frozen before the app is built. */
async function config(app: FastifyInstance, { settings }: { settings: Settings }) {
  app.decorate('config', settings)
}

export default fp(config, { name: 'config' })
