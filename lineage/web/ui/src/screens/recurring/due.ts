/** When recurring runs are due next. Pure. */
import type { Answer, Variables } from '../../api/queries'
import type { Answered } from '../../api/use-answer'

const AHEAD_DAYS = 366 // a yearly one is due once in it
const MINUTE_MILLISECONDS = 60_000
const DAY_MILLISECONDS = 86_400_000

export function dueAsked(ids: readonly string[], now: Date): Variables<'page-recurring-due'> {
  return {
    ids: [...ids],
    from: new Date(now.getTime() + MINUTE_MILLISECONDS).toISOString(), // that of now has come
    to: new Date(now.getTime() + AHEAD_DAYS * DAY_MILLISECONDS).toISOString(),
  }
}

/** The next time of each by its id. What is held back is not due. */
export function nextDue(answered: Answered<Answer<'page-recurring-due'>>): ReadonlyMap<string, string> {
  const nodes = answered.state === 'answered' ? answered.data.nodes : []
  return new Map(
    nodes.flatMap((node) => {
      if (node?.__typename !== 'RecurringRun') return []
      const [slot] = node.slots.nodes
      return slot?.outcome === 'PENDING' ? [[node.id, slot.dueAt]] : []
    }),
  )
}
