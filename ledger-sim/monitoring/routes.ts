/** /ready and /metrics, beside /health: for the programs that look after the process. Nothing personal is in them. */
import type { FastifyInstance } from 'fastify'
import { inTransaction, type LedgerPorts } from '../context.ts'
import { waitingForWebhooks } from '../feed/webhook-courier.ts'
import type { LedgerMetrics } from './metrics.ts'
import { readinessOf } from './readiness.ts'

/** Where an answer has no end, its time says nothing. */
const endless = '/v1/event-stream'

export function offerMonitoring(
  server: FastifyInstance,
  ports: LedgerPorts,
  metrics: LedgerMetrics,
  eventStreams: () => number,
): void {
  server.addHook('onResponse', (request, reply, done) => {
    const path = request.is404 ? 'none' : (request.routeOptions.url ?? 'none')
    const seconds = path === endless ? null : reply.elapsedTime / 1000
    metrics.requestAnswered(path === 'none' ? path : `${request.method} ${path}`, reply.raw.statusCode, seconds)
    done()
  })
  server.get('/ready', { schema: { hide: true } }, async (_request, reply) => {
    const readiness = await readinessOf(ports)
    return reply
      .code(readiness.ready ? 200 : 503)
      .header('content-type', 'application/json')
      .send(JSON.stringify(readiness))
  })
  server.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const webhookQueue = await inTransaction(ports, waitingForWebhooks)
    const text = await metrics.text({ streams: eventStreams(), webhookQueue })
    return reply.header('content-type', metrics.registry.contentType).send(text)
  })
}
