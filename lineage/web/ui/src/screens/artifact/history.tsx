/** What became of an artifact: what looks at its place said, and what else was written there. */
import { address } from '../../address/address'
import type { Answer } from '../../api/queries'
import { useAnswer } from '../../api/use-answer'
import { Name } from '../../parts/name'
import { ForwardPager, onward } from '../../parts/pager'
import { ArtifactStateMark } from '../../parts/state-marks'
import { Empty, Shown } from '../../parts/states'
import { type Column, Table } from '../../parts/table'
import { Identifier, Moment, Size } from '../../parts/values'
import { texts } from '../../texts'
import type { TabProps } from '.'
import { StepLink } from './uses'

type Look = Extract<
  NonNullable<Answer<'page-artifact-looks'>['node']>,
  { __typename: 'Artifact' }
>['history']['nodes'][number]
type Write = Answer<'page-artifact-writes'>['artifacts']['nodes'][number]

const words = texts.artifact
const PAGE = 50
const DIGEST_LETTERS = 24

export function History({ artifact, params }: TabProps) {
  const looks = useAnswer('page-artifact-looks', { id: artifact.id, first: PAGE, after: params.after ?? null })
  return (
    <div class="stack">
      <section class="stack">
        <h2>{words.looks}</h2>
        <Shown of={looks}>
          {({ node }) =>
            node?.__typename === 'Artifact' && node.history.nodes.length ? (
              <>
                <Table caption={words.looks} columns={LOOKS} rows={node.history.nodes} keyOf={(look) => look.at} />
                <ForwardPager next={onward(node.history.pageInfo)} params={params} />
              </>
            ) : (
              <Empty title={words.noLooks}>
                <p>{words.noLooksWhy}</p>
              </Empty>
            )
          }
        </Shown>
      </section>
      {artifact.uri !== null && <Writes uri={artifact.uri} id={artifact.id} />}
    </div>
  )
}

/** What has been written to the same place, before it and after it. */
function Writes({ uri, id }: { uri: string; id: string }) {
  const answered = useAnswer('page-artifact-writes', { uri, first: PAGE })
  return (
    <section class="stack">
      <h2>{words.writes}</h2>
      <Shown of={answered}>
        {({ artifacts }) => (
          <Table
            caption={words.writes}
            columns={writesColumns(id)}
            rows={artifacts.nodes}
            keyOf={(write) => write.id}
            rowClass={(write) => (write.id === id ? 'is-marked' : undefined)}
          />
        )}
      </Shown>
    </section>
  )
}

const LOOKS: readonly Column<Look>[] = [
  { id: 'at', title: words.at, cell: ({ at }) => <Moment at={at} /> },
  { id: 'state', title: words.facts.state, cell: ({ state }) => <ArtifactStateMark state={state} /> },
  { id: 'digest', title: words.facts.digest, cell: ({ digest }) => <Digest of={digest} /> },
  { id: 'size', title: words.facts.size, cell: ({ sizeBytes }) => <Size bytes={sizeBytes} />, isNumber: true },
  { id: 'version', title: words.version, cell: ({ version }) => version ?? texts.words.none },
  { id: 'evidence', title: words.evidence, cell: ({ evidence }) => evidence },
]

function writesColumns(id: string): readonly Column<Write>[] {
  return [
    { id: 'at', title: words.at, cell: ({ createdAt }) => <Moment at={createdAt} /> },
    {
      id: 'name',
      title: words.title,
      cell: (write) => (
        <span class="row">
          <Name text={write.name} href={address(['artifacts', write.id])} />
          {write.id === id && <span class="quiet">{words.thisOne}</span>}
        </span>
      ),
    },
    {
      id: 'producer',
      title: words.producer,
      cell: ({ producer }) => (producer ? <StepLink of={producer} /> : texts.words.none),
    },
    {
      id: 'run',
      title: words.run,
      cell: ({ producer }) =>
        producer ? (
          <Name text={producer.run.displayName} href={address(['runs', producer.run.id])} />
        ) : (
          texts.words.none
        ),
    },
    { id: 'state', title: words.facts.state, cell: ({ state }) => <ArtifactStateMark state={state} /> },
    { id: 'digest', title: words.facts.digest, cell: ({ digest }) => <Digest of={digest} /> },
    { id: 'size', title: words.facts.size, cell: ({ sizeBytes }) => <Size bytes={sizeBytes} />, isNumber: true },
  ]
}

function Digest({ of }: { of: string | null }) {
  if (of === null) return <span class="quiet">{texts.words.none}</span>
  return <Identifier text={of} what={words.facts.digest} most={DIGEST_LETTERS} />
}
