import type { Notification } from 'fastify-minimal-starter-client'

/** What a notification about the security of the account says, by the name of its event, or by its name and reason. */
const SECURITY: Record<string, string> = {
  new_device: 'New sign-in to your account',
  authn_password_change: 'Your password was changed',
  'authn_password_change reset': 'Your password was reset',
  authn_factor_added: 'A sign-in method was added',
  authn_factor_removed: 'A sign-in method was removed',
  authn_recovery_code_used: 'A recovery code was used',
  identity_linked: 'A sign-in provider was linked',
  api_token_created: 'An API token was created'
}

type Security = { event: string; reason: string | null; browser: string | null; ip: string | null }

/** The words of a notification, what they are about in small type, and the page to go to. Add the types of your notifications. */
export function describeNotification({ type, data }: Notification) {
  if (type !== 'security') return { words: type, details: '', page: '' }
  const { event, reason, browser, ip } = data as Security
  const words = SECURITY[`${event} ${reason}`] ?? SECURITY[event] ?? 'Something changed in your account'
  return { words, details: [browser, ip].filter(Boolean).join(' · '), page: 'security' }
}
