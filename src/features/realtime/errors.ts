import createError from '@fastify/error'

export const NotAcceptable = createError('NOT_ACCEPTABLE', 'This is a stream: accept text/event-stream', 406)
