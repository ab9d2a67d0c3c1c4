import { ProvenanceGraph } from '../../graph/provenance-graph'
import type { TabProps } from '.'

export function ProvenanceTab({ run, params }: TabProps) {
  return <ProvenanceGraph roots={[run.id]} run={run.id} name={run.displayName} params={params} />
}
