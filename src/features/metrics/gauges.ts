import { Counter, Gauge, type Registry } from '@prometheus-io/client'

/** Metrics of what somebody else keeps: it is read at each scrape. */
export function createGauges(registry: Registry) {
  const registers = [registry]
  return {
    /** How much there is of it now. */
    gauge(name: string, help: string, read: () => number) {
      const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(read()) })
    },
    /** How often it happened, or how long it took, since the start. */
    counter(name: string, help: string, read: () => number) {
      function collect() {
        metric.reset()
        metric.inc(read())
      }
      const metric: Counter = new Counter({ name, help, registers, collect })
    }
  }
}
