// Every table, for the service and for `npm run db:generate`: a concern with a table adds a line here.
export { auditEvents } from './features/events/tables.ts'
export { passkeys } from './features/passkeys/tables.ts'
export { mailCounts, verifiedEmails } from './features/recovery/tables.ts'
export { recoveryCodes, totp } from './features/second-factor/tables.ts'
export { sessions } from './plugins/identity/auth/tables.ts'
export { tickets } from './plugins/identity/tickets/tables.ts'
export { users } from './plugins/identity/users/tables.ts'
export { notes } from './routes/notes/tables.ts'
