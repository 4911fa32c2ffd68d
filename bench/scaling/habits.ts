/** What is assumed of users; change it to what yours do. */
export const habits = {
  /** Of all users, on a day. */
  active: 0.2,
  /** Of an active user on a day. */
  visits: 3,
  /** Calls to guarded routes in a visit of ten minutes, one in ten of which reads the user. */
  calls: 40,
  /** Logins in a visit: the others find the user still logged in. */
  logins: 0.05,
  signUps: 0.002,
  /** Of visits, by token; a visit by token begins with a refresh. */
  byToken: 0.5,
  /** How much busier the busiest minute is than the mean. */
  peak: 3,
  /** Logins of a user that have not ended: a phone and a computer. */
  liveLogins: 2,
  /** Days for which events are kept: EVENTS_TTL. */
  eventDays: 90
}
export const calls = [
  'whoami by bearer',
  'whoami by cookie',
  'users/me by bearer',
  'refresh',
  'login',
  'sign-up'
] as const
export type Call = (typeof calls)[number]

/** Visits a second in the busiest minute. */
export const visitsAtPeak = (users: number) => (users * habits.active * habits.visits * habits.peak) / 86_400

/** How often each call is made in a second of the busiest minute. */
export function ratesOf(users: number): Record<Call, number> {
  const visits = visitsAtPeak(users)
  const checks = visits * habits.calls * 0.9
  return {
    'whoami by bearer': checks * habits.byToken,
    'whoami by cookie': checks * (1 - habits.byToken),
    'users/me by bearer': visits * habits.calls * 0.1,
    refresh: visits * habits.byToken,
    login: visits * habits.logins,
    'sign-up': visits * habits.signUps
  }
}
