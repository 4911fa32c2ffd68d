import createError from '@fastify/error'

/** Unknown, used, expired, made for another call or another user, or tried too often: the reply does not tell which. */
export const TicketInvalid = createError('TICKET_INVALID', 'This ticket is not valid, or no longer; start again', 401)
export const InvalidCode = createError('INVALID_CODE', 'This code is not right', 401)
