/** How values are written: pure. */
import { texts } from '../texts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A metric as it is read: `0.9312`, `93.1 %`, `NaN`. */
export function metricText(metric: { value: number | null; special: string | null; percentage?: boolean }): string {
  switch (metric.special) {
    case 'NAN':
      return 'NaN'
    case 'INFINITY':
      return '∞'
    case 'NEGATIVE_INFINITY':
      return '−∞'
  }
  if (metric.value === null) return texts.words.none
  return metric.percentage ? `${numberText(metric.value * 100)} %` : numberText(metric.value)
}

/** A number to some four digits, whole ones whole. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en')
  const size = Math.abs(value)
  if (size >= 1e6 || size < 1e-4) return value.toExponential(3)
  return value.toLocaleString('en', { maximumSignificantDigits: size >= 1_000 ? 6 : 4 })
}

/** A duration: `0.4 s`, `12 s`, `3 m 05 s`, `2 h 10 m`, `3 d 4 h`. */
export function durationText(seconds: number): string {
  if (seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < MINUTE) return `${whole} s`
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} m ${padded(whole % MINUTE)} s`
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${padded(Math.floor((whole % HOUR) / MINUTE))} m`
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`
}

/** A moment as people say it: how long ago, or until then, within a day, else the date, in the time zone of the reader. */
export function momentText(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1_000
  if (seconds >= 0 && seconds < MINUTE) return texts.words.justNow
  if (seconds >= 0 && seconds < HOUR) return texts.words.minutesAgo(Math.floor(seconds / MINUTE))
  if (seconds >= 0 && seconds < DAY) return texts.words.hoursAgo(Math.floor(seconds / HOUR))
  if (seconds < 0 && seconds > -HOUR) return texts.words.inMinutes(Math.ceil(-seconds / MINUTE))
  if (seconds < 0 && seconds > -DAY) return texts.words.inHours(Math.round(-seconds / HOUR))
  const day = at.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    ...(at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }),
  })
  return `${day} ${at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })}`
}

/** A day: `Mon 2 Nov`. */
export function dayWords(at: Date): string {
  return at.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' }).replace(',', '')
}

/** A month: `November 2026`. */
export function monthWords(at: Date): string {
  return at.toLocaleDateString('en-GB', { month: 'long', year: 'numeric' })
}

/** The time of a day: `03:00`. */
export function clockText(at: Date): string {
  return at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
}

/** A moment without what is now: `Mon 2 Nov 03:00`. */
export function momentWords(at: Date): string {
  return `${dayWords(at)} ${clockText(at)}`
}

/** A moment exactly, in UTC: `2026-01-05 08:00:00 UTC`. */
export function exactText(iso: string): string {
  return `${iso.replace('T', ' ').replace(/(\.\d+)?(Z|\+00:00)$/, '')} UTC`
}

/** A size: `512 B`, `1.5 MiB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ${units[unit]}`
}

/** A long text with its middle left out. */
export function shortened(text: string, most = 24): string {
  if (text.length <= most) return text
  const side = Math.floor((most - 1) / 2)
  return `${text.slice(0, most - 1 - side)}…${text.slice(-side)}`
}

function padded(value: number): string {
  return String(value).padStart(2, '0')
}

/** A difference: with its sign, also where that is a plus. */
export function signedText(value: number): string {
  return `${value > 0 ? '+' : value < 0 ? '−' : '±'}${numberText(Math.abs(value))}`
}

/** A relative change, which is 0.05 for five percent more, with its sign. */
export function percentText(share: number): string {
  const size = Math.abs(share) * 100
  const digits = size && size < 0.1 ? { maximumSignificantDigits: 1 } : { maximumFractionDigits: size < 1_000 ? 1 : 0 }
  return `${share > 0 ? '+' : share < 0 ? '−' : '±'}${size.toLocaleString('en', digits)} %`
}

/** A probability; one that is smaller than anybody computes is said to be so. */
export function probabilityText(value: number): string {
  return value < 0.0001 ? '< 0.0001' : value.toLocaleString('en', { maximumSignificantDigits: 2 })
}

/** The value of a metric of that name: one of seconds or bytes as people write these. */
export function measureText(metric: string, value: number): string {
  if (metric.endsWith('_seconds') && value >= 0) return durationText(value)
  if (metric.endsWith('_bytes') && value >= 0) return sizeText(value)
  return numberText(value)
}
