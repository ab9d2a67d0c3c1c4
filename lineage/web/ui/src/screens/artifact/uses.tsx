/** Who wrote an artifact, and who read it. */
import { address } from '../../address/address'
import type { Answer } from '../../api/queries'
import { useAnswer } from '../../api/use-answer'
import { Name } from '../../parts/name'
import { ForwardPager, onward } from '../../parts/pager'
import { PhaseMark } from '../../parts/phase'
import { Shown } from '../../parts/states'
import { type Column, Table } from '../../parts/table'
import { Moment } from '../../parts/values'
import { texts } from '../../texts'
import type { Artifact, TabProps } from '.'

type Reader = Extract<
  NonNullable<Answer<'page-artifact-readers'>['node']>,
  { __typename: 'Artifact' }
>['consumers']['nodes'][number]

const words = texts.artifact
const PAGE = 50

const COLUMNS: readonly Column<Reader>[] = [
  { id: 'step', title: words.step, cell: (one) => <StepLink of={one} /> },
  {
    id: 'run',
    title: words.run,
    cell: ({ run }) => <Name text={run.displayName} href={address(['runs', run.id])} />,
  },
  { id: 'namespace', title: words.namespace, cell: ({ run }) => run.namespace },
  { id: 'phase', title: words.phase, cell: ({ phase }) => <PhaseMark phase={phase} /> },
  { id: 'started', title: words.started, cell: ({ startedAt }) => <Moment at={startedAt} /> },
]

export function Uses({ artifact, params }: TabProps) {
  const answered = useAnswer('page-artifact-readers', {
    id: artifact.id,
    first: PAGE,
    after: params.after ?? null,
  })
  return (
    <div class="stack">
      <section class="card">
        <h2>{words.writer}</h2>
        <Made by={artifact.producer} />
      </section>
      <section class="stack">
        <h2>{words.readers}</h2>
        <Shown of={answered}>
          {({ node }) =>
            node?.__typename === 'Artifact' && node.consumers.nodes.length ? (
              <>
                <Table caption={words.readers} columns={COLUMNS} rows={node.consumers.nodes} keyOf={(one) => one.id} />
                <ForwardPager next={onward(node.consumers.pageInfo)} params={params} />
              </>
            ) : (
              <p class="quiet">{words.noReaders}</p>
            )
          }
        </Shown>
      </section>
    </div>
  )
}

export function Made({ by }: { by: Artifact['producer'] }) {
  if (by === null) return <p class="quiet">{words.outside}</p>
  return (
    <p class="row">
      <StepLink of={by} />
      <span class="quiet">{texts.graph.step.of}</span>
      <Name text={by.run.displayName} href={address(['runs', by.run.id])} />
      <PhaseMark phase={by.phase} />
      <span class="quiet">
        <Moment at={by.finishedAt ?? by.startedAt} />
      </span>
    </p>
  )
}

export function StepLink({
  of: { id, displayName, run },
}: {
  of: Pick<Reader, 'id' | 'displayName'> & { run: { id: string } }
}) {
  return <Name text={displayName} href={address(['runs', run.id, 'graph'], { step: id })} />
}
