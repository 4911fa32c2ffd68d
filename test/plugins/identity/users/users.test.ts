import { randomUUIDv7 } from 'node:crypto'
import t from 'tap'
import { build, databases } from '../../../build.ts'

const now = new Date('2026-03-01T12:00:00.123Z')
const fields = (username: string, email: string) => ({ username, email, name: 'Ada', passwordHash: 'one' })

for (const database of databases) {
  t.test(`users on ${database.name}`, async (t) => {
    const { users } = await build(t, { DB_URI: await database.uri() })

    t.test('are found by id, and by username or email in any spelling', async (t) => {
      const user = await users.create(fields('Straße', 'Ada@Example.com'), now)
      t.match(user, { username: 'Straße', email: 'Ada@Example.com', name: 'Ada', createdAt: now, updatedAt: now })
      t.strictSame(await users.find(user.id), user)
      for (const spelling of [
        'Straße',
        'straße',
        'STRASSE',
        'STRAẞE',
        'Ｓtrasse',
        'ada@example.com',
        'ADA@EXAMPLE.COM'
      ]) {
        t.strictSame(await users.findByName(spelling), user, spelling)
      }
    })

    t.test('are null if they do not exist', async (t) => {
      t.equal(await users.find(randomUUIDv7()), null)
      for (const name of ['nobody', 'nobody@example.com', '', "' or 1=1 --", '%', 'Stra_e']) {
        t.equal(await users.findByName(name), null, name)
      }
    })

    t.test('keep the username as sent, in NFC', async (t) => {
      const user = await users.create(fields('Zoe\u0308', 'zoe@example.com'), now)
      t.equal(user.username, 'Zo\u00eb')
    })

    t.test('ASVS 2.3.3: have unique usernames in any normal form, and unique emails in any case', async (t) => {
      await users.create(fields('Bob', 'bob@example.com'), now)
      for (const username of ['bob', 'BOB', 'Ｂｏｂ']) {
        await t.rejects(users.create(fields(username, `${username.length}x@example.com`), now), {
          code: 'USERNAME_TAKEN',
          statusCode: 409
        })
      }
      await t.rejects(users.create(fields('robert', 'BOB@example.com'), now), { code: 'EMAIL_TAKEN', statusCode: 409 })
      await t.rejects(users.create(fields('bob', 'bob@example.com'), now), { code: 'USERNAME_TAKEN' })
      await users.create(fields('Σίσυφος', 's@example.com'), now)
      await t.rejects(users.create(fields('σίσυφοσ', 's2@example.com'), now), { code: 'USERNAME_TAKEN' })
      t.match(await users.findByName('bob'), { username: 'Bob', email: 'bob@example.com' })
      t.equal(await users.findByName('robert'), null)
    })

    t.test('are rejected before the expensive hash if the name or email is taken', async (t) => {
      await users.create(fields('carol', 'carol@example.com'), now)
      await t.rejects(users.refuseTaken('CAROL', 'new@example.com'), { code: 'USERNAME_TAKEN' })
      await t.rejects(users.refuseTaken('new', 'CAROL@example.com'), { code: 'EMAIL_TAKEN' })
      await t.resolves(users.refuseTaken('new', 'new@example.com'))
    })

    t.test('ASVS 15.4.2: of twenty concurrent sign-ups with the same name, one wins', async (t) => {
      const calls = Array.from({ length: 20 }, (_, i) => users.create(fields('racer', `racer${i}@example.com`), now))
      const ends = await Promise.allSettled(calls)
      const failed = ends.filter((end) => end.status === 'rejected')
      t.equal(failed.length, 19)
      for (const { reason } of failed) t.equal(reason.code, 'USERNAME_TAKEN')
      const addresses = Array.from({ length: 20 }, (_, i) => users.create(fields(`racer${i}`, 'one@example.com'), now))
      const others = (await Promise.allSettled(addresses)).filter((end) => end.status === 'rejected')
      t.equal(others.length, 19)
      for (const { reason } of others) t.equal(reason.code, 'EMAIL_TAKEN')
    })

    t.test('get a stronger hash only if they still have the one that was verified', async (t) => {
      const { id } = await users.create(fields('dora', 'dora@example.com'), now)
      await users.rehash(id, 'another', 'two')
      t.equal((await users.find(id))?.passwordHash, 'one')
      await users.rehash(id, 'one', 'two')
      t.equal((await users.find(id))?.passwordHash, 'two')
    })
  })
}
