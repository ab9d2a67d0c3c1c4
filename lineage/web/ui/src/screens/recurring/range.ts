/** Which days a calendar shows: a day, a week or a month, in the time zone of the reader. Pure. */

export const SPANS = ['day', 'week', 'month'] as const
export type Span = (typeof SPANS)[number]

export interface Range {
  readonly span: Span
  readonly from: Date
  /** The first moment that is no more of it. */
  readonly to: Date
}

/** The range around a day such as `2026-11-27`; around today, where there is none or it is none. */
export function rangeOf(day: string | undefined, span: string | undefined, today: Date): Range {
  const at = dayOf(day) ?? startOf(today)
  switch (SPANS.find((one) => one === span) ?? 'week') {
    case 'day':
      return { span: 'day', from: at, to: later(at, 1) }
    case 'week': {
      const monday = later(at, -((at.getDay() + 6) % 7))
      return { span: 'week', from: monday, to: later(monday, 7) }
    }
    case 'month': {
      const [year, month] = [at.getFullYear(), at.getMonth()]
      return { span: 'month', from: new Date(year, month, 1), to: new Date(year, month + 1, 1) }
    }
  }
}

/** A day of the range before, or of that behind. */
export function beside(range: Range, way: -1 | 1): string {
  return dayText(way < 0 ? later(range.from, -1) : range.to)
}

/** All days of a range, by their first moments. */
export function daysOf(range: Range): readonly Date[] {
  const days: Date[] = []
  for (let day = range.from; day < range.to; day = later(day, 1)) days.push(day)
  return days
}

/** The first moment of the day of a moment. */
export function startOf(at: Date): Date {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate())
}

export function dayText(at: Date): string {
  return [at.getFullYear(), padded(at.getMonth() + 1), padded(at.getDate())].join('-')
}

function dayOf(text: string | undefined): Date | null {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text ?? '') ?? []
  return year && month && day ? new Date(Number(year), Number(month) - 1, Number(day)) : null
}

/** So many days later: by the calendar, for not every day has 24 hours. */
function later(day: Date, days: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days)
}

function padded(value: number): string {
  return String(value).padStart(2, '0')
}
