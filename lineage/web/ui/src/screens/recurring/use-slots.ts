/** The slots of a range: two pages of the API at a time, for a week of hours has 168. */
import { type Answered, useAnswer } from '../../api/use-answer'
import type { Slot } from './calendar'
import type { Range } from './range'

const PAGE = 100

export interface Slots {
  readonly slots: readonly Slot[]
  /** Where to go on from; null at the end. */
  readonly next: string | null
  readonly total: number
}

export function useSlots(id: string, range: Range, after: string | null): Answered<Slots> {
  const asked = { id, from: range.from.toISOString(), to: range.to.toISOString(), first: PAGE }
  const first = useAnswer('page-slots', { ...asked, after })
  const ahead =
    first.state === 'answered' && first.data.node?.__typename === 'RecurringRun' ? first.data.node.slots : null
  const second = useAnswer(
    'page-slots',
    ahead?.pageInfo.hasNextPage ? { ...asked, after: ahead.pageInfo.endCursor } : null,
  )
  if (first.state !== 'answered') return first
  if (!ahead) return { ...first, data: { slots: [], next: null, total: 0 } }
  if (!ahead.pageInfo.hasNextPage)
    return { ...first, data: { slots: ahead.nodes, next: null, total: ahead.totalCount } }
  if (second.state !== 'answered') return second
  const behind = second.data.node?.__typename === 'RecurringRun' ? second.data.node.slots : null
  return {
    state: 'answered',
    isOld: first.isOld || second.isOld,
    trouble: first.trouble ?? second.trouble,
    data: {
      slots: [...ahead.nodes, ...(behind?.nodes ?? [])],
      next: behind?.pageInfo.hasNextPage ? behind.pageInfo.endCursor : null,
      total: ahead.totalCount,
    },
  }
}
