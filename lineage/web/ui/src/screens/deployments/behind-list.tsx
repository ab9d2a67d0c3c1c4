/** What is behind a deployment: the runs that what it serves came from, and the data from outside of them. */
import { address } from '../../address/address'
import { useAnswer } from '../../api/use-answer'
import { Name } from '../../parts/name'
import { PhaseMark } from '../../parts/phase'
import { ArtifactStateMark } from '../../parts/state-marks'
import { Shown } from '../../parts/states'
import { type Column, Table } from '../../parts/table'
import { Identifier, Moment } from '../../parts/values'
import { texts } from '../../texts'
import { type Artifact, behindOf, type Run } from './behind'

const MOST_SHOWN = 50
const URI_LENGTH = 56

export function Behind({ id }: { id: string }) {
  const said = texts.deployments.behind
  const answered = useAnswer('page-behind', { id })
  return (
    <section class="stack">
      <h2>{said.title}</h2>
      <Shown of={answered}>
        {({ lineage }) => {
          if (!lineage) return <p class="quiet">{said.nothing}</p>
          const { runs, outside } = behindOf(lineage)
          if (!runs.length && !outside.length) return <p class="quiet">{said.nothing}</p>
          return (
            <div class="stack">
              {!lineage.complete && (
                <p class="trouble">
                  {said.incomplete} {lineage.reasons.join('; ')}
                </p>
              )}
              {runs.length > 0 && (
                <div>
                  <h3 class="before-table">{said.runs(runs.length)}</h3>
                  <Table
                    caption={said.runsTitle}
                    columns={RUNS}
                    rows={runs.slice(0, MOST_SHOWN)}
                    keyOf={(run) => run.id}
                  />
                  {runs.length > MOST_SHOWN && <p class="quiet">{said.more(runs.length - MOST_SHOWN)}</p>}
                </div>
              )}
              {outside.length > 0 && (
                <div>
                  <h3 class="before-table">{said.outside(outside.length)}</h3>
                  <Table
                    caption={said.outsideTitle}
                    columns={OUTSIDE}
                    rows={outside.slice(0, MOST_SHOWN)}
                    keyOf={(one) => one.id}
                  />
                  {outside.length > MOST_SHOWN && <p class="quiet">{said.more(outside.length - MOST_SHOWN)}</p>}
                </div>
              )}
            </div>
          )
        }}
      </Shown>
    </section>
  )
}

const RUNS: readonly Column<Run>[] = [
  { id: 'phase', title: texts.runs.column.phase, cell: (run) => <PhaseMark phase={run.phase} /> },
  {
    id: 'name',
    title: texts.runs.column.name,
    cell: (run) => <Name text={run.displayName} href={address(['runs', run.id])} />,
  },
  { id: 'started', title: texts.runs.column.started, cell: (run) => <Moment at={run.startedAt} /> },
]

const OUTSIDE: readonly Column<Artifact>[] = [
  {
    id: 'name',
    title: texts.artifacts.column.name,
    cell: (one) => <Name text={one.name} href={address(['artifacts', one.id])} />,
  },
  {
    id: 'uri',
    title: texts.artifacts.uri,
    cell: (one) => one.uri && <Identifier text={one.uri} what={texts.artifacts.uri} most={URI_LENGTH} />,
  },
  { id: 'state', title: texts.artifacts.column.state, cell: (one) => <ArtifactStateMark state={one.state} /> },
  { id: 'created', title: texts.artifacts.column.created, cell: (one) => <Moment at={one.createdAt} /> },
]
