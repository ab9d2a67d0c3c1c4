/** Slots as a calendar: which day holds which, how the days stand, and where the arrow keys lead. Pure. */
import type { Answer } from '../../api/queries'
import { daysOf, type Range, startOf } from './range'

type Node = NonNullable<Answer<'page-slots'>['node']>
export type Slot = Extract<Node, { __typename: 'RecurringRun' }>['slots']['nodes'][number]

export interface Day {
  readonly at: Date
  readonly slots: readonly Slot[]
}

const DAYS_OF_WEEK = 7
const MOST_ABREAST = 4 // slots of a day for which seven days stand beside one another

/** Put slots into their days. All days of the range where the slots are all of it, else those that have some. */
export function calendarOf(slots: readonly Slot[], range: Range, { isWhole }: { isWhole: boolean }): readonly Day[] {
  const held = new Map<number, Slot[]>()
  if (isWhole) for (const day of daysOf(range)) held.set(day.getTime(), [])
  for (const slot of slots) {
    const day = startOf(new Date(slot.dueAt)).getTime()
    held.set(day, [...(held.get(day) ?? []), slot])
  }
  return [...held].map(([at, its]) => ({ at: new Date(at), slots: its }))
}

/** How many days stand beside one another: a week, unless there is too much in a day. */
export function daysAbreast(days: readonly Day[]): number {
  return days.length > 1 && days.every((day) => day.slots.length <= MOST_ABREAST) ? DAYS_OF_WEEK : 1
}

/** Before which column the first day stands, counted from Monday. */
export function columnOf(day: Date): number {
  return ((day.getDay() + DAYS_OF_WEEK - 1) % DAYS_OF_WEEK) + 1
}

/** Where a key leads from a slot: left and right to the neighbours in time, up and down to the day above and below. */
export function stepped(days: readonly Day[], from: string, key: string, abreast: number): string | null {
  const slots = days.flatMap((day) => day.slots)
  const place = slots.findIndex((slot) => slot.dueAt === from)
  switch (key) {
    case 'ArrowLeft':
      return slots[place - 1]?.dueAt ?? null
    case 'ArrowRight':
      return slots[place + 1]?.dueAt ?? null
    case 'Home':
      return slots[0]?.dueAt ?? null
    case 'End':
      return slots.at(-1)?.dueAt ?? null
    case 'ArrowUp':
      return inAnotherDay(days, from, -abreast)
    case 'ArrowDown':
      return inAnotherDay(days, from, abreast)
    default:
      return null
  }
}

/** The slot at the same place of a day so many days on, or on from there where that day has none. */
function inAnotherDay(days: readonly Day[], from: string, by: number): string | null {
  const at = days.findIndex((day) => day.slots.some((slot) => slot.dueAt === from))
  const place = days[at]?.slots.findIndex((slot) => slot.dueAt === from) ?? 0
  for (let other = at + by; days[other]; other += by) {
    const its = days[other]?.slots ?? []
    const found = its[Math.min(place, its.length - 1)]
    if (found) return found.dueAt
  }
  return null
}
