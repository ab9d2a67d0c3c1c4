/** What is behind a deployment, out of the graph of where it came from. Pure. */
import type { Answer } from '../../api/queries'

type Graph = NonNullable<Answer<'page-behind'>['lineage']>
type Node = Graph['nodes'][number]
export type Run = Extract<Node, { __typename: 'Execution' }>['run']
export type Artifact = Extract<Node, { __typename: 'Artifact' }>

/** The runs of its steps, the newest first, and what came from outside of every run. */
export function behindOf(graph: Graph): { runs: readonly Run[]; outside: readonly Artifact[] } {
  const runs = new Map<string, Run>()
  const outside: Artifact[] = []
  for (const node of graph.nodes) {
    if (node.__typename === 'Execution') runs.set(node.run.id, node.run)
    if (node.__typename === 'Artifact' && !node.producer) outside.push(node)
  }
  const started = (run: Run) => (run.startedAt ? Date.parse(run.startedAt) : 0)
  return { runs: [...runs.values()].sort((one, other) => started(other) - started(one)), outside }
}
