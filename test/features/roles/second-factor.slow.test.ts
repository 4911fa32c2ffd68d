import t from 'tap'
import { backends, type Transport, transports } from '../../build.ts'
import { ask, codeOf, confirm, enroll, forgetStep } from '../second-factor/codes.ts'
import { raceBan } from './race.ts'

for (const backend of backends) {
  t.test(`a code lets nobody in after the reply to a ban, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    await raceBan(t, backend, async (one, two) => {
      const { user, secret } = await enroll(one, 'ada', transports[0] as Transport)
      let rounds = 0
      return {
        id: user.id,
        async begin() {
          const { kind } = transports[rounds++ % transports.length] as Transport
          const { ticket } = await ask(two, 'ada', kind)
          await forgetStep(one, user.id)
          return { sessions: [], calls: [confirm(two, { ticket, code: codeOf(secret) })] }
        }
      }
    })
  })
}
