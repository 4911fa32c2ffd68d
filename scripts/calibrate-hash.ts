import { hash } from '@node-rs/argon2'
import { HASHES_AT_ONCE, PARAMETERS } from '../src/plugins/identity/users/passwords.ts'
import { print, runCommand, UsageError } from './shell.ts'

// Measures a password hash on this machine, and finds parameters for the time that you want.
const USAGE =
  'npm run calibrate-hash -- <milliseconds>    finds parameters for hashes that take this long here, 50 by default'
const PASSWORD = 'a long enough password'

/** The median time of a few hashes, one after the other, in ms. */
async function measure(memoryCost: number, timeCost: number) {
  const times = []
  for (let i = 0; i < 7; i++) {
    const start = performance.now()
    await hash(PASSWORD, { ...PARAMETERS, memoryCost, timeCost })
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[3] ?? 0
}

const describe = (memoryCost: number, timeCost: number, ms: number) =>
  `memoryCost: ${memoryCost} (${Math.round(memoryCost / 1024)} MiB), timeCost: ${timeCost}: ${ms.toFixed(1)} ms`

await runCommand(USAGE, { allowPositionals: true }, async ({ positionals: [time = '50', ...more] }) => {
  const targetMs = Number(time)
  if (!(targetMs >= 1 && targetMs <= 5000) || more.length > 0)
    throw new UsageError('Give a time from 1 to 5000 milliseconds')
  const { memoryCost, timeCost } = PARAMETERS
  print(`now   ${describe(memoryCost, timeCost, await measure(memoryCost, timeCost))}`)
  const started = performance.now()
  const lanes = Array.from({ length: HASHES_AT_ONCE }, async () => {
    for (let i = 0; i < 20; i++) await hash(PASSWORD, PARAMETERS)
  })
  await Promise.all(lanes)
  const perSecond = (HASHES_AT_ONCE * 20_000) / (performance.now() - started)
  print(`      ${Math.round(perSecond)} hashes a second, ${HASHES_AT_ONCE} at once`)

  // Memory makes guessing on graphics cards expensive, so it grows first. It never falls below the OWASP minimum.
  let best = { memoryCost, timeCost, ms: 0 }
  for (const memory of [19_456, 32_768, 47_104, 65_536, 131_072, 262_144]) {
    const ms = await measure(memory, 2)
    if (ms > targetMs) break
    best = { memoryCost: memory, timeCost: Math.max(2, Math.floor((2 * targetMs) / ms)), ms }
  }
  if (best.ms === 0) print(`Even the smallest safe parameters take more than ${targetMs} ms here: keep them`)
  else {
    const ms = await measure(best.memoryCost, best.timeCost)
    print(`${`${targetMs} ms`.padEnd(5)} ${describe(best.memoryCost, best.timeCost, ms)}`)
    print(
      'Set them as PARAMETERS in src/plugins/identity/users/passwords.ts: the next login of a user upgrades the hash'
    )
  }
})
