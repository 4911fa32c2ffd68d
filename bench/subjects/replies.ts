// Every subject returns these bodies, so that all replies have the same size.

export const WHOAMI = {
  userId: '01934f6e-7a3c-7c3e-9a52-6a1c1f0b2d3e',
  sessionId: '01934f6e-7a3d-7b10-8f4c-2e9d5c7a1b6f',
  kind: 'token',
  freshUntil: '2026-01-01T00:00:00.000Z'
}
export const ME = {
  id: WHOAMI.userId,
  username: 'ada',
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  createdAt: '2026-01-01T00:00:00.000Z'
}
const text = { type: 'string' }
export const schemaOf = (reply: object) => ({
  response: { 200: { type: 'object', properties: Object.fromEntries(Object.keys(reply).map((name) => [name, text])) } }
})
