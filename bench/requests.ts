import { fromPage, PASSWORD } from './service.ts'

/** Another client address for each number. */
export const from = (i: number) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`

export function loginRequest(usernameOrEmail: string, i: number) {
  const body = { usernameOrEmail, password: PASSWORD, authType: 'token' }
  return fromPage('POST', '/api/auth/login', { 'x-forwarded-for': from(i) }, body)
}
