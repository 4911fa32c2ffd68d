import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'
import type { Test } from 'tap'
import type { Environment } from '../src/plugins/platform/config/settings.ts'
import { build } from './build.ts'

/** A new app with all of its routes, as they were registered. */
export async function buildWithRouteList(t: Test, environment: Environment = {}) {
  const routes: RouteOptions[] = []
  const collect = (message: unknown) => {
    ;(message as { fastify: FastifyInstance }).fastify.addHook('onRoute', (route) => void routes.push(route))
  }
  subscribe('fastify.initialization', collect)
  const app = await build(t, environment)
  unsubscribe('fastify.initialization', collect)
  return { app, routes }
}
