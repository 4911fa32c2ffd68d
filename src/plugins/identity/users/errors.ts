import createError from '@fastify/error'

export const UsernameTaken = createError('USERNAME_TAKEN', 'This username is taken', 409)
export const EmailTaken = createError('EMAIL_TAKEN', 'This email address is taken', 409)
export const PasswordTooCommon = createError(
  'PASSWORD_TOO_COMMON',
  'This password is too common: attackers try it first',
  422
)
