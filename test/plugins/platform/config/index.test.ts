import t from 'tap'
import { build } from '../../../build.ts'

t.test('app.config has the parsed settings', async (t) => {
  const app = await build(t, { PORT: '8080', RATE_LIMIT_WINDOW: '2m', CORS_API_ORIGINS: 'https://app.example' })
  t.match(app.config, { PORT: 8080, RATE_LIMIT_WINDOW: 120, CORS_API_ORIGINS: ['https://app.example'] })
  t.ok(Object.isFrozen(app.config))
})
