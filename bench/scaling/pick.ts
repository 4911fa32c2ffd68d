import { type Call, calls } from './habits.ts'

/** A call of the mix, as often as its rate says. */
export function pick(rates: Record<Call, number>, total: number, random = Math.random): Call {
  let at = random() * total
  for (const name of calls) {
    at -= rates[name]
    if (at < 0) return name
  }
  return calls[0]
}
