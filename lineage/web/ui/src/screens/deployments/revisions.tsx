/** The revisions of a deployment, the newest first: what each reads, and how much of the traffic it gets. */
import { Name } from '../../parts/name'
import { type Column, Table } from '../../parts/table'
import { Identifier, Moment } from '../../parts/values'
import { texts } from '../../texts'
import { newestFirst, type Revision } from './served'

const URI_LENGTH = 44
const said = texts.deployments.ofRevision

export function Revisions({ of }: { of: readonly Revision[] }) {
  return (
    <section>
      <h2 class="before-table">{texts.deployments.revisions}</h2>
      {of.length ? (
        <Table
          caption={texts.deployments.revisions}
          columns={COLUMNS}
          rows={newestFirst(of)}
          keyOf={(one) => `${one.component} ${one.name}`}
        />
      ) : (
        <p class="quiet">{texts.deployments.noRevisions}</p>
      )}
    </section>
  )
}

const COLUMNS: readonly Column<Revision>[] = [
  { id: 'name', title: said.name, cell: (one) => <Name text={one.name} /> },
  { id: 'component', title: said.component, cell: (one) => one.component },
  {
    id: 'traffic',
    title: said.traffic,
    cell: (one) => <Traffic percent={one.trafficPercent} />,
    isNumber: true,
  },
  { id: 'models', title: said.models, cell: (one) => <Models of={one} /> },
  { id: 'runtime', title: said.runtime, cell: (one) => one.runtime ?? <span class="quiet">{texts.words.none}</span> },
  {
    id: 'written',
    title: said.written,
    cell: (one) => (
      <>
        <Moment at={one.writtenAt} /> {!one.told && <span class="quiet">{said.seenThen}</span>}
      </>
    ),
  },
  { id: 'ready', title: said.ready, cell: (one) => <Moment at={one.readyAt} /> },
  { id: 'since', title: said.since, cell: (one) => <Moment at={one.since} /> },
  { id: 'until', title: said.until, cell: (one) => <Moment at={one.until} /> },
]

function Traffic({ percent }: { percent: number | null }) {
  if (percent === null) return <span class="quiet">{texts.words.none}</span>
  return (
    <span class="traffic">
      <span class="traffic-part" style={{ inlineSize: `${percent}%` }} />
      {percent} %
    </span>
  )
}

function Models({ of }: { of: Revision }) {
  if (of.models === null) return <span class="quiet">{said.notSeen}</span>
  if (!of.models.length) return <span class="quiet">{texts.words.none}</span>
  return (
    <ul class="serves">
      {of.models.map((model) => (
        <li key={model.name}>
          {model.name && <Name text={model.name} />}
          <Identifier text={model.uri} what={texts.deployments.uri} most={URI_LENGTH} />
          {model.format && <span class="quiet">{model.format}</span>}
        </li>
      ))}
    </ul>
  )
}
