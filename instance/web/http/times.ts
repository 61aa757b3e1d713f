// Dates for people.

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const dayOfYear = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
const longDay = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

/** `now`, `5 min`, `3 h`, `2 d`, then the date. What lies ahead, by a wrong clock, is now. */
export function shortTime(at: Date, now: Date): string {
  const ago = now.getTime() - at.getTime()
  if (ago < MINUTE) return 'now'
  if (ago < HOUR) return `${Math.floor(ago / MINUTE)} min`
  if (ago < DAY) return `${Math.floor(ago / HOUR)} h`
  if (ago < 7 * DAY) return `${Math.floor(ago / DAY)} d`
  return at.getUTCFullYear() === now.getUTCFullYear() ? day.format(at) : dayOfYear.format(at)
}

export const exactTime = (at: Date): string => `${exact.format(at)} UTC`

export const exactDay = (at: Date): string => longDay.format(at)
