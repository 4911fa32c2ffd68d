import { Counter, Gauge, type Registry } from '@prometheus-io/client'

/** Metrics whose value is kept elsewhere and read at each scrape. */
export function createGauges(registry: Registry) {
  const registers = [registry]
  return {
    /** A current value. */
    gauge(name: string, help: string, read: () => number) {
      const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(read()) })
    },
    /** A total since the start. */
    counter(name: string, help: string, read: () => number) {
      function collect() {
        metric.reset()
        metric.inc(read())
      }
      const metric: Counter = new Counter({ name, help, registers, collect })
    }
  }
}
