import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Registry } from '@prometheus-io/client'
import { createGauges } from './gauges.ts'

/** How often the event loop delay is sampled, in ms. */
const RESOLUTION_MS = 10

/**
 * Metrics of the process and its event loop, with the usual names. The default collection of the package has three times as many,
 * walks all sockets at each scrape, and its timers outlive the service. Returns a function that stops measuring.
 */
export function createProcessMetrics(registry: Registry) {
  const { gauge, counter } = createGauges(registry)

  const startedAt = Date.now() / 1000 - process.uptime()
  gauge('process_start_time_seconds', 'Start time of the process, in seconds since 1970', () => startedAt)
  counter('process_cpu_seconds_total', 'CPU time of all threads', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  gauge('process_resident_memory_bytes', 'Resident memory of the process', () => process.memoryUsage.rss())
  gauge('nodejs_heap_size_used_bytes', 'Heap in use', () => process.memoryUsage().heapUsed)
  gauge('nodejs_heap_size_total_bytes', 'Heap size, used and unused', () => process.memoryUsage().heapTotal)
  gauge('nodejs_external_memory_bytes', 'Memory outside the heap', () => process.memoryUsage().external)
  counter(
    'nodejs_eventloop_active_seconds_total',
    'Time that the event loop was active; its rate is the utilization, at most 1',
    () => performance.eventLoopUtilization().active / 1000
  )

  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  // In nanoseconds, including the resolution of the sampling.
  const lag = (ns: number) => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1000)
  gauge('nodejs_eventloop_lag_p99_seconds', 'Event loop delay since the last scrape, 99th percentile', () =>
    lag(delay.percentile(99))
  )
  gauge('nodejs_eventloop_lag_max_seconds', 'Longest event loop delay since the last scrape', () => {
    const longest = lag(delay.max)
    delay.reset()
    return longest
  })
  return () => delay.disable()
}
