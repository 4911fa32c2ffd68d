import t from 'tap'
import { transports } from '../build.ts'
import { ADA, open } from './browser.ts'

for (const { kind } of transports) {
  t.test(`an API token is made, listed, and removed (${kind})`, async (t) => {
    const { openTab } = await open(t)
    const tab = openTab(kind)
    await tab.login(ADA)
    const { token, ...shown } = await tab.apiTokens.add({ name: 'Backup', abilities: ['probe:read' as never] })
    t.match(token, /^pat_/)
    t.strictSame(await tab.apiTokens.list(), [shown])
    await tab.apiTokens.remove(shown.id)
    t.strictSame(await tab.apiTokens.list(), [])
    await t.rejects(tab.apiTokens.remove(shown.id), { code: 'TOKEN_NOT_FOUND' })
    t.ok(await tab.session())
  })
}
