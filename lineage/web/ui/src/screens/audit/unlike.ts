/** What did not agree, as rows of a table. Pure. */
import type { Answer } from '../../api/queries'

type Group = Answer<'page-nondeterminism'>['nondeterminism']['groups'][number]
type Result = Group['disagreements'][number]['results'][number]

export interface Row extends Result {
  /** Null where it is that of the row above. */
  readonly output: string | null
  readonly isParameter: boolean
}

/** A row for each result, those of an output beneath one another. */
export function rowsOf(group: Group): readonly Row[] {
  return group.disagreements.flatMap(({ output, isParameter, results }) =>
    results.map((result, place) => ({ ...result, output: place === 0 ? output : null, isParameter })),
  )
}

/** What the steps are called: as the newest is. */
export function namesOf(group: Group): { step: string; pipeline: string | null } {
  const newest = group.executions[0]
  return {
    step: newest?.displayName ?? group.fingerprint,
    pipeline: newest?.run.pipelineVersion?.pipeline.name ?? null,
  }
}
