import { setTimeout } from 'node:timers/promises'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node'
import type { FastifyRequest } from 'fastify'
import { traceCalls, withoutSecrets } from './spans.ts'

type Options = { trustsCallers: boolean; report: (isDelivered: boolean, cause?: unknown) => void }

/** What was not delivered by then is lost: a collector that does not answer keeps no service from ending. */
const FLUSH_MS = 2000

/** Sends to an endpoint what may leave, and reports when that begins and ceases to work. */
function openExporter(endpoint: string, report: Options['report']): SpanExporter {
  const collector = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` })
  let isDelivered = true
  return {
    export(spans, done) {
      // Spans within the service are of no use by themselves: it says nothing else of what it does there.
      const ends = spans.filter(({ kind }) => kind !== SpanKind.INTERNAL)
      collector.export(ends.map(withoutSecrets), (result) => {
        const isGood = result.code === 0
        if (isGood !== isDelivered) report(isGood, result.error)
        isDelivered = isGood
        done(result)
      })
    },
    shutdown: () => collector.shutdown()
  }
}

/** Begins to trace this process. */
export function openTracing(endpoint: string, { trustsCallers, report }: Options) {
  const name = resourceFromAttributes({ 'service.name': 'fastify-minimal-starter' })
  const resource = name.merge(detectResources({ detectors: [envDetector] }))
  const processor = new BatchSpanProcessor(openExporter(endpoint, report))
  const provider = new NodeTracerProvider({ resource, spanProcessors: [processor] })
  provider.register(trustsCallers ? {} : { propagator: null })

  const tracer = provider.getTracer('fastify-minimal-starter')
  const ends = [
    traceCalls<{ text: string }>(tracer, 'db.query', ({ text }) => {
      const [, collection] = /\b(?:from|into|update) "(\w+)"/.exec(text) ?? []
      const operation = { 'db.system.name': 'postgresql', 'db.operation.name': /^\w+/.exec(text)?.[0] ?? 'query' }
      return collection ? { ...operation, 'db.collection.name': collection } : operation
    }),
    traceCalls<{ command: string }>(tracer, 'ioredis:command', ({ command }) => ({
      'db.system.name': 'redis',
      'db.operation.name': command
    }))
  ]

  // A span for each hook as well would be a dozen for each request.
  const instrumentation = new FastifyOtelInstrumentation({
    instrumentHooks: false,
    instrumentHandler: false,
    recordExceptions: false,
    requestHook(span, request) {
      span.updateName(`${request.method} ${request.routeOptions.url ?? ''}`.trim())
      // As in the log and in the body of a failure.
      span.setAttribute('request.id', request.id)
    }
  })
  instrumentation.setTracerProvider(provider)

  return {
    plugin: instrumentation.plugin(),
    /** Goes on in the trace of a request. */
    within(request: FastifyRequest, next: () => void) {
      const traced = request.opentelemetry()
      if (traced.context) context.with(traced.context, next)
      else next()
    },
    async close() {
      for (const end of ends) end()
      await Promise.race([provider.shutdown().catch(() => {}), setTimeout(FLUSH_MS, undefined, { ref: false })])
      for (const part of [trace, context, propagation]) part.disable()
    }
  }
}
