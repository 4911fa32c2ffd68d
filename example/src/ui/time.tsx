import { useEffect, useState } from 'react'

/** Renders the component again at this interval. */
export function useTick(everyMs: number) {
  const [, setTicks] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => setTicks((ticks) => ticks + 1), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
}

const MINUTE_MS = 60_000
const UNITS = [
  ['day', 24 * 60 * MINUTE_MS],
  ['hour', 60 * MINUTE_MS],
  ['minute', MINUTE_MS]
] as const
const format = new Intl.RelativeTimeFormat('en', { numeric: 'always' })

/** A time in the past, such as "2 minutes ago". The exact time is in its tooltip. */
export function Ago({ at }: { at: string }) {
  useTick(MINUTE_MS)
  const elapsedMs = Date.now() - Date.parse(at)
  const [unit, unitMs] = UNITS.find(([, ms]) => elapsedMs >= ms) ?? []
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {unit ? format.format(-Math.floor(elapsedMs / unitMs), unit) : 'just now'}
    </time>
  )
}

/** A day, such as "Dec 28, 2026". */
export function Day({ at }: { at: string }) {
  return <time dateTime={at}>{new Date(at).toLocaleDateString(undefined, { dateStyle: 'medium' })}</time>
}
