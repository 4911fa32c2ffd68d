import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import type { Environment } from '../../../src/plugins/platform/config/settings.ts'
import { buildWithLog } from '../../build.ts'
import { freePort, waitUntil } from '../../servers.ts'

/** An app that listens at `port`, and a function that scrapes its metrics. */
export async function buildMeasured(t: Test, environment: Environment = {}) {
  const metricsPort = await freePort()
  const { app, lines } = await buildWithLog(t, { METRICS_PORT: `${metricsPort}`, ...environment })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  await waitUntil(() => lines.some(({ msg }) => `${msg}`.startsWith('metrics at ')), 'the metrics are there')

  async function scrape() {
    const reply = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
    const text = await reply.text()
    const samples = [...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)])
    return { reply, text, values: Object.fromEntries(samples) as Record<string, number> }
  }
  const url = `http://127.0.0.1:${port}`
  return { app, lines, url, metricsPort, scrape, values: async () => (await scrape()).values }
}
