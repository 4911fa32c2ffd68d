import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../../../src/app.ts'
import { type Environment, readSettings } from '../../../../src/plugins/platform/config/settings.ts'
import { type LogLine, testEnvironment } from '../../../build.ts'

/** An app of the test's own with routes of the test's own, and the lines that it logs. */
export async function buildWithRoutes(
  t: Test,
  addRoutes: (app: FastifyInstance) => void,
  environment: Environment = {}
) {
  const lines: LogLine[] = []
  const settings = readSettings({ ...testEnvironment, ...environment })
  const app = await buildApp(settings, { write: (line) => void lines.push(JSON.parse(line)) })
  t.teardown(() => app.close())
  addRoutes(app)
  await app.ready()
  return { app, lines }
}
