/** All pipelines, experiments and recurring runs that there are to choose from, however many. */
import { useMemo } from 'preact/hooks'
import type { Answer, Variables } from './queries'
import { type Answered, useEvery } from './use-answer'

type Page = Answer<'page-choices'>

export type Choices = { readonly [Kind in keyof Page]: Pick<Page[Kind], 'nodes'> }

const NONE: readonly Page[] = []

export function useChoices(): Answered<Choices> {
  const every = useEvery('page-choices', {}, next)
  const pages = every.state === 'answered' ? every.data : NONE
  const data = useMemo(() => joined(pages), [pages])
  return every.state === 'answered' ? { ...every, data } : every
}

/** What is asked for after a page; null where that was all. A list that is at its end goes on being empty. */
export function next(page: Page, asked: Variables<'page-choices'>): Variables<'page-choices'> | null {
  const { pipelines, experiments, recurringRuns } = page
  if (![pipelines, experiments, recurringRuns].some((list) => list.pageInfo.hasNextPage)) return null
  return {
    pipelinesAfter: pipelines.pageInfo.endCursor ?? asked.pipelinesAfter,
    experimentsAfter: experiments.pageInfo.endCursor ?? asked.experimentsAfter,
    recurringRunsAfter: recurringRuns.pageInfo.endCursor ?? asked.recurringRunsAfter,
  }
}

function joined(pages: readonly Page[]): Choices {
  return {
    pipelines: { nodes: pages.flatMap((page) => page.pipelines.nodes) },
    experiments: { nodes: pages.flatMap((page) => page.experiments.nodes) },
    recurringRuns: { nodes: pages.flatMap((page) => page.recurringRuns.nodes) },
  }
}
