/** What alerts are about. Pure. */
import type { Answer } from '../../api/queries'

export type Alert = Answer<'page-alerts'>['alerts']['nodes'][number]

/** Where that is shown: a recurring run where one was due and nothing ran, else the run. */
export function subjectOf(alert: Pick<Alert, 'kind' | 'subject'>): readonly string[] {
  return [alert.kind === 'MISSED_SLOT' ? 'recurring' : 'runs', alert.subject]
}

/** What they are called, by their ids. */
export function namesOf(nodes: Answer<'page-subjects'>['nodes']): ReadonlyMap<string, string> {
  return new Map(
    nodes.flatMap((node) =>
      node?.__typename === 'Run' || node?.__typename === 'RecurringRun' ? [[node.id, node.displayName]] : [],
    ),
  )
}
