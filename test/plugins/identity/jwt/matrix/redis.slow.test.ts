import t from 'tap'
import { build, logIn } from '../../../../build.ts'
import { noRedisProgram, startRedis } from '../../../../redis.ts'
import { takeApart } from '../forge.ts'
import { token } from '../transport.ts'
import { checkAlive, checkEnded } from './ended.ts'
import { keyring } from './target.ts'

t.test(
  'ASVS 7.4.1, 16.5.3: revoked tokens are rejected in every form while Redis is down',
  { skip: noRedisProgram },
  async (t) => {
    const redis = await startRedis()
    const app = await build(t, { ...keyring, REDIS_URL: redis.url })
    const ada = await logIn(app, 'ada', token)
    const eve = await logIn(app, 'eve', token)
    const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers: ada.headers })
    t.equal(logout.statusCode, 204)
    await redis.stop()
    await checkEnded(t, app, ada.body)
    await checkAlive(t, app, eve.body)
    t.equal(takeApart(eve.body['accessToken'] ?? '').claims['sid'], eve.sid)
  }
)
