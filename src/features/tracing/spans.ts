import { tracingChannel } from 'node:diagnostics_channel'
import { type Attributes, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node'

/** The attributes that are exported. No URL, which can contain anything, no SQL, and no error message. */
const KEPT = new Set([
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'request.id',
  'db.system.name',
  'db.operation.name',
  'db.collection.name'
])

/** The span with only its exported attributes. A request counts as an error only if its status is 5xx. */
export function withoutSecrets(span: ReadableSpan): ReadableSpan {
  const attributes = Object.fromEntries(Object.entries(span.attributes).filter(([name]) => KEPT.has(name)))
  const status = attributes['http.response.status_code']
  const isError = status === undefined ? span.status.code === SpanStatusCode.ERROR : Number(status) >= 500
  const code = isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET
  return Object.create(span, { attributes: { value: attributes }, events: { value: [] }, status: { value: { code } } })
}

/** Creates a span for each call on a diagnostics channel that a request causes. Returns a function that unsubscribes. */
export function traceCalls<Message extends object>(
  tracer: Tracer,
  name: string,
  describe: (call: Message) => Attributes
) {
  const spans = new WeakMap<object, Span>()
  const channel = tracingChannel<string, Message>(name)
  const handlers = {
    start(call: Message) {
      if (!trace.getActiveSpan()) return
      const attributes = describe(call)
      const { 'db.operation.name': operation, 'db.collection.name': collection = '' } = attributes
      spans.set(call, tracer.startSpan(`${operation} ${collection}`.trim(), { kind: SpanKind.CLIENT, attributes }))
    },
    error: (call: Message) => void spans.get(call)?.setStatus({ code: SpanStatusCode.ERROR }),
    asyncEnd: (call: Message) => void spans.get(call)?.end(),
    end() {},
    asyncStart() {}
  }
  channel.subscribe(handlers)
  return () => channel.unsubscribe(handlers)
}
