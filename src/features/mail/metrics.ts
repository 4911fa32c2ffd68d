import type { FastifyInstance } from 'fastify'
import type { MailQueue } from './queue.ts'

/** Counts mails, if there are metrics. */
export async function measureMail({ metrics }: Pick<FastifyInstance, 'metrics'>, queue: MailQueue) {
  if (metrics === null) return
  const { Counter, Gauge } = await import('@prometheus-io/client')
  const registers = [metrics]
  new Gauge({
    name: 'mails_queued',
    help: 'Mails that wait or are being sent',
    registers,
    collect() {
      this.set(queue.load().queued)
    }
  })
  new Counter({
    name: 'mails_total',
    help: 'Mails that were sent, that failed, and that were dropped because the queue was full',
    labelNames: ['result'],
    registers,
    collect() {
      this.reset()
      const { sent, failed, dropped } = queue.load()
      for (const [result, count] of Object.entries({ sent, failed, dropped })) this.inc({ result }, count)
    }
  })
}
