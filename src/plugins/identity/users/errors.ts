import createError from '@fastify/error'

export const UsernameTaken = createError('USERNAME_TAKEN', 'This user name is taken', 409)
export const EmailTaken = createError('EMAIL_TAKEN', 'This e-mail address is taken', 409)
export const PasswordTooCommon = createError(
  'PASSWORD_TOO_COMMON',
  'Many people use this password, so it is among the first that are tried',
  422
)
