import t from 'tap'
import { build, logIn } from '../../../build.ts'

/** A login with a body of this many bytes, which would otherwise be a 400 or a 401. */
function bodyOf(bytes: number) {
  const empty = JSON.stringify({ usernameOrEmail: 'ada', password: 'x', authType: '' })
  return empty.replace(':"x"', `:"${'x'.repeat(1 + bytes - empty.length)}"`)
}

t.test('bodies of account and login routes may have 16 KiB, others 100 KiB', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada')
  const headers = { ...ada.headers, 'content-type': 'application/json' }
  const rows = [
    { url: '/api/auth/login', bytes: 16 * 1024, code: 'VALIDATION_FAILED' },
    { url: '/api/auth/login', bytes: 16 * 1024 + 1, code: 'PAYLOAD_TOO_LARGE' },
    { url: '/api/auth/signup', bytes: 16 * 1024 + 1, code: 'PAYLOAD_TOO_LARGE' },
    { url: '/api/probe', bytes: 100 * 1024, code: 'VALIDATION_FAILED' },
    { url: '/api/probe', bytes: 100 * 1024 + 1, code: 'PAYLOAD_TOO_LARGE' }
  ]
  for (const { url, bytes, code } of rows) {
    const reply = await app.inject({ method: 'POST', url, headers, payload: bodyOf(bytes) })
    t.equal(reply.json().code, code, `${bytes} bytes to ${url}`)
  }
})
