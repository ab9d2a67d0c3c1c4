/**
 * Audits of a page of runs. All of each run is read for its own, so they are asked for after the list and in few at a time: the
 * first are there while the others are under way. They are asked for again as soon as a run of the page is in another phase.
 */
import { useEffect, useRef } from 'preact/hooks'
import type { Answer } from '../../api/queries'
import { answers, useAnswer } from '../../api/use-answer'
import type { Audit } from './blockers'

const AT_A_TIME = 5
const PARTS = [0, 1, 2, 3] as const

export const MOST_AUDITED = AT_A_TIME * PARTS.length

export interface Audits {
  /** By the ids of the runs; null for one that could not be audited. */
  readonly known: ReadonlyMap<string, Audit | null>
  readonly trouble: string | null
}

export function useAudits(runs: readonly { id: string; phase: string }[]): Audits {
  const parts = PARTS.map((part) => {
    const ids = runs.slice(part * AT_A_TIME, (part + 1) * AT_A_TIME).map((run) => run.id)
    return useAnswer('page-audits', ids.length ? { ids } : null)
  })
  const phases = runs.map((run) => `${run.id} ${run.phase}`).join()
  const before = useRef({ ids: '', phases: '' })
  const ids = runs.map((run) => run.id).join()
  useEffect(() => {
    if (before.current.ids === ids && before.current.phases !== phases) {
      void answers.invalidateQueries({ queryKey: ['page-audits'] })
    }
    before.current = { ids, phases }
  }, [ids, phases])
  return {
    known: new Map(parts.flatMap((part) => (part.state === 'answered' ? auditsOf(part.data) : []))),
    trouble: parts.map((part) => (part.state === 'failed' ? part.error.message : null)).find(Boolean) ?? null,
  }
}

function auditsOf(answer: Answer<'page-audits'>): [string, Audit | null][] {
  return answer.nodes.flatMap((node): [string, Audit | null][] =>
    node?.__typename === 'Run' ? [[node.id, node.audit]] : [],
  )
}
