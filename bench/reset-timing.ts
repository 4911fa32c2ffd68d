import { compareTimes } from './timing.ts'

// npm run bench:reset-timing: does the response time of a password reset reveal whether an address has an account?
await compareTimes(
  (service, name, address) => service.post('/api/auth/password-reset', { email: `${name}@example.com` }, address),
  202,
  ['known address', 'unknown address'],
  { MAIL_URL: 'file:/tmp/bench-mails', MAIL_FROM: 'no-reply@example.com', COOKIE_SECURE: 'false' }
)
