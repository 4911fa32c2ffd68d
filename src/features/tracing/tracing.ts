import { setTimeout } from 'node:timers/promises'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node'
import type { FastifyRequest } from 'fastify'
import { traceCalls, withoutSecrets } from './spans.ts'

type Options = { trustsCallers: boolean; report: (isDelivered: boolean, cause?: unknown) => void }

/** Spans that are not exported by then are lost: a collector that does not answer must not delay shutdown. */
const FLUSH_MS = 2000

/** Exports spans without secrets, and reports when exporting fails or works again. */
function openExporter(endpoint: string, report: Options['report']): SpanExporter {
  const collector = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` })
  let isDelivered = true
  return {
    export(spans, done) {
      // Internal spans add nothing, because the service creates none of its own.
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

/** Starts tracing this process. */
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

  // Spans for hooks would add a dozen to each request.
  const instrumentation = new FastifyOtelInstrumentation({
    instrumentHooks: false,
    instrumentHandler: false,
    recordExceptions: false,
    requestHook(span, request) {
      span.updateName(`${request.method} ${request.routeOptions.url ?? ''}`.trim())
      // The same id as in the log and in error replies.
      span.setAttribute('request.id', request.id)
    }
  })
  instrumentation.setTracerProvider(provider)

  return {
    plugin: instrumentation.plugin(),
    /** Continues in the trace of a request. */
    within(request: FastifyRequest, next: () => void) {
      context.with(request.opentelemetry().context ?? context.active(), next)
    },
    async close() {
      for (const end of ends) end()
      await Promise.race([provider.shutdown().catch(() => {}), setTimeout(FLUSH_MS, undefined, { ref: false })])
      for (const part of [trace, context, propagation]) part.disable()
    }
  }
}
