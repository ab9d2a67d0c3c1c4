import { expect, test } from 'vitest'
import { calendarOf, columnOf, daysAbreast, type Slot, stepped } from '../src/screens/recurring/calendar'
import { countsOf, slotText } from '../src/screens/recurring/outcomes'
import { beside, daysOf, dayText, rangeOf } from '../src/screens/recurring/range'

const TODAY = new Date(2026, 10, 27, 15, 30) // a Friday

function slot(at: Date, more: Partial<Slot> = {}): Slot {
  return { dueAt: at.toISOString(), outcome: 'ON_TIME', reason: null, lateBySeconds: 1, run: null, ...more }
}

test.each([
  ['day', '2026-11-27', '2026-11-28'],
  ['week', '2026-11-23', '2026-11-30'],
  ['month', '2026-11-01', '2026-12-01'],
  ['year', '2026-11-23', '2026-11-30'],
])('a %s around today', (span, from, to) => {
  const range = rangeOf(undefined, span, TODAY)
  expect([dayText(range.from), dayText(range.to)]).toEqual([from, to])
})

test('what is no day in an address is today', () => {
  expect(rangeOf('yesterday', 'day', TODAY)).toEqual(rangeOf('2026-11-27', 'day', TODAY))
})

test('one moves to the range before and to that behind, whatever the length of months', () => {
  const march = rangeOf('2026-03-31', 'month', TODAY)
  expect(daysOf(march)).toHaveLength(31)
  expect(dayText(rangeOf(beside(march, -1), 'month', TODAY).from)).toBe('2026-02-01')
  expect(dayText(rangeOf(beside(march, 1), 'month', TODAY).from)).toBe('2026-04-01')
})

test('a week of one slot a day stands abreast, with its empty days; one of many beneath one another', () => {
  const range = rangeOf(undefined, 'week', TODAY)
  const days = calendarOf([slot(new Date(2026, 10, 24, 3))], range, { isWhole: true })
  expect(days.map((day) => day.slots.length)).toEqual([0, 1, 0, 0, 0, 0, 0])
  expect([daysAbreast(days), columnOf(TODAY)]).toEqual([7, 5])
  const hourly = Array.from({ length: 24 }, (_, hour) => slot(new Date(2026, 10, 24, hour)))
  const page = calendarOf(hourly, range, { isWhole: false })
  expect([page.length, daysAbreast(page)]).toEqual([1, 1])
})

test('arrow keys lead to the neighbours in time and to other days, and nowhere at the ends', () => {
  const slots = [23, 24, 26, 30].map((day) => slot(new Date(2026, 10, day, 3)))
  const [monday, tuesday, thursday, next] = slots.map(({ dueAt }) => dueAt)
  const days = calendarOf(slots, rangeOf(undefined, 'month', TODAY), { isWhole: true })
  const from = (due: string | undefined, key: string) => stepped(days, due ?? '', key, 7)
  expect(from(tuesday, 'ArrowRight')).toBe(thursday)
  expect(from(tuesday, 'ArrowLeft')).toBe(monday)
  expect(from(monday, 'ArrowDown')).toBe(next)
  expect(from(next, 'ArrowUp')).toBe(monday)
  expect(from(tuesday, 'End')).toBe(next)
  expect([from(monday, 'ArrowLeft'), from(next, 'ArrowRight'), from(tuesday, 'ArrowDown')]).toEqual([null, null, null])
  expect(from(tuesday, 'a')).toBeNull()
})

test('what became of a slot is said in words, and counted', () => {
  const run = { id: 'r', displayName: 'nightly-1', phase: 'FAILED' as const }
  const late = slot(new Date(2026, 10, 2, 3), { outcome: 'LATE', lateBySeconds: 250, run })
  const missed = slot(new Date(2026, 10, 3, 3), { outcome: 'MISSED', lateBySeconds: null, reason: 'nobody knows why' })
  expect(slotText(late)).toBe('Mon 2 Nov 03:00: Late by 4 m 10 s, nightly-1 Failed')
  expect(slotText(missed)).toBe('Tue 3 Nov 03:00: Missed, nobody knows why')
  expect(countsOf([missed, late, late])).toEqual([
    ['LATE', 2],
    ['MISSED', 1],
  ])
})
