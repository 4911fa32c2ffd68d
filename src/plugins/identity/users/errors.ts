import { createMemberError } from '../../platform/errors/member-errors.ts'

export const UsernameTaken = createMemberError('USERNAME_TAKEN', 'This username is taken', 409, '/username')
export const EmailTaken = createMemberError('EMAIL_TAKEN', 'This email address is taken', 409, '/email')
export const PasswordTooCommon = createMemberError(
  'PASSWORD_TOO_COMMON',
  'This password is too common: attackers try it first',
  422,
  '/password'
)
