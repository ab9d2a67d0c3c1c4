/** How a list is sorted, as its address says it: `started`, `-started` (the latest first), `-metric:auc`. */
import { change } from '../address/use-address'
import type { OrderDirection } from '../api/types'

export interface Sorting {
  readonly by: string
  readonly isDescending: boolean
}

export function sortingOf(text: string | undefined, unlessAsked: string): Sorting {
  const asked = text || unlessAsked
  const isDescending = asked.startsWith('-')
  return { by: isDescending ? asked.slice(1) : asked, isDescending }
}

export function directionOf({ isDescending }: Sorting): OrderDirection {
  return isDescending ? 'DESC' : 'ASC'
}

/** What the API is asked for, by the fields that a list can be ordered by. */
export function orderedBy<Field extends string>(
  sorting: Sorting,
  fields: Readonly<Record<string, Field>>,
  unlessKnown: Field,
): { field: Field; direction: OrderDirection }[] {
  return [{ field: fields[sorting.by] ?? unlessKnown, direction: directionOf(sorting) }]
}

/** What a click on a column makes of it: first the largest or latest, then the other way. */
export function sortedNext(now: Sorting, by: string): string {
  return now.by === by && now.isDescending ? by : `-${by}`
}

/** What makes a column one that a list is sorted by. */
export function sortable(now: Sorting, by: string) {
  return {
    sorted: now.by !== by ? 'none' : now.isDescending ? 'descending' : 'ascending',
    onSort: () => change({ sort: sortedNext(now, by), after: null, before: null }),
  } as const
}
