/** What a deployment serves and served, and how sure that is. Pure. */
import type { Answer } from '../../api/queries'
import type { IconName } from '../../parts/icons'
import { texts } from '../../texts'

type Node = NonNullable<Answer<'page-deployment'>['node']>
export type Deployment = Extract<Node, { __typename: 'Deployment' }>
export type Served = Deployment['served'][number]
export type Revision = Deployment['revisions'][number]

export interface Remark {
  readonly tone: 'good' | 'doubt' | 'quiet'
  readonly icon: IconName
  readonly says: string
}

/** Whether what was read still lies there: what a pod that starts now would serve. */
export function standing(served: Served): Remark {
  const said = texts.deployments.standing
  if (served.changedSince === null) return { tone: 'quiet', icon: 'question', says: said.unknown }
  if (served.changedSince) return { tone: 'doubt', icon: 'alert', says: said.changed }
  return { tone: 'good', icon: 'check', says: served.replacedBy ? said.writtenAgain : said.same }
}

/** What that it serves this artifact rests on, where it is no record. */
export function restsOn(served: Served): string | null {
  if (served.byContent) return texts.deployments.byContent
  return served.inferred ? texts.deployments.inferred : null
}

/** The revisions, the newest first. */
export function newestFirst(revisions: readonly Revision[]): readonly Revision[] {
  return [...revisions].sort((one, other) => Date.parse(other.writtenAt) - Date.parse(one.writtenAt))
}
