import { RunGraph } from '../../graph/run-graph'
import type { TabProps } from '.'

export function GraphTab({ run, params }: TabProps) {
  return <RunGraph run={run.id} params={params} />
}
