import createError from '@fastify/error'

export const Forbidden = createError('FORBIDDEN', 'You may not do this', 403)
/** Only after all factors of a login: a stranger does not learn who is banned. */
export const AccountBanned = createError('ACCOUNT_BANNED', 'This account is banned', 403)
export const UserNotFound = createError('USER_NOT_FOUND', 'There is no user with this id', 404)
export const LastAdmin = createError('LAST_ADMIN', 'This is the last admin: make somebody else admin first', 409)
