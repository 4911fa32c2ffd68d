import { compareTimes } from './timing.ts'

// npm run bench:login-timing: does the response time of a failed login reveal whether a username exists?
await compareTimes(
  (service, name, address) => {
    const body = { usernameOrEmail: name, password: 'not the right password', authType: 'token' }
    return service.post('/api/auth/login', body, address)
  },
  401,
  ['wrong password', 'unknown username']
)
