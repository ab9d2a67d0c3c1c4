/** The sources: how the watching of each fares, and when nobody was watching. */
import { change } from '../../address/use-address'
import { useUpdates } from '../../api/live'
import { useAnswer } from '../../api/use-answer'
import { Icon } from '../../parts/icons'
import { Empty, Shown } from '../../parts/states'
import { type Column, Table } from '../../parts/table'
import { Duration, Moment } from '../../parts/values'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { type Gap, keyOf, lastsSeconds, type Source } from './source'
import { SourceStateMark } from './state'

const MOST_GAPS = 100
const FEW_GAPS = 1

export function Watched({ params }: Pick<ScreenProps, 'params'>) {
  useUpdates(['page-sources'])
  const said = texts.sources
  const opened = params.gaps
  const answered = useAnswer('page-sources', { gaps: opened ? MOST_GAPS : FEW_GAPS })
  return (
    <section>
      <h2 class="before-table">{said.watched}</h2>
      <Shown of={answered}>
        {({ ingestion }) =>
          ingestion.sources.length ? (
            <Table
              caption={said.watched}
              columns={columnsOf(opened)}
              rows={ingestion.sources}
              keyOf={keyOf}
              detail={(source) => keyOf(source) === opened && <Gaps of={source} />}
            />
          ) : (
            <Empty title={said.nothingWatched}>
              <p>{said.nothingWatchedWhy}</p>
            </Empty>
          )
        }
      </Shown>
    </section>
  )
}

function columnsOf(opened: string | undefined): readonly Column<Source>[] {
  const said = texts.sources.column
  return [
    {
      id: 'name',
      title: said.name,
      cell: (source) => (
        <>
          {source.kind}
          <div class="beneath">{source.name}</div>
        </>
      ),
    },
    {
      id: 'where',
      title: said.where,
      cell: (source) => (
        <>
          {source.namespace === '*' ? texts.sources.allNamespaces : source.namespace}
          <div class="beneath">{source.cluster}</div>
        </>
      ),
    },
    {
      id: 'state',
      title: said.state,
      cell: (source) => (
        <>
          <SourceStateMark state={source.state} />
          {source.message && <div class="beneath sentence">{source.message}</div>}
        </>
      ),
    },
    { id: 'lag', title: said.lag, cell: (source) => <Duration seconds={source.lagSeconds} />, isNumber: true },
    { id: 'last', title: said.last, cell: (source) => <Moment at={source.lastEventAt} /> },
    { id: 'until', title: said.until, cell: (source) => <Moment at={source.watchedUntil} /> },
    { id: 'observed', title: said.observed, cell: (source) => source.observed.toLocaleString(), isNumber: true },
    { id: 'gaps', title: said.gaps, cell: (source) => <GapCount of={source} opened={opened} />, isNumber: true },
  ]
}

function GapCount({ of, opened }: { of: Source; opened: string | undefined }) {
  if (!of.gapCount) return <span class="quiet">0</span>
  const key = keyOf(of)
  const isOpen = key === opened
  return (
    <button
      type="button"
      class="plain"
      aria-expanded={isOpen}
      aria-label={texts.sources.gapsOf(of.gapCount, of.kind)}
      onClick={() => change({ gaps: isOpen ? null : key }, { replace: true })}
    >
      {of.gapCount.toLocaleString()}
      <Icon name={isOpen ? 'up' : 'down'} />
    </button>
  )
}

function Gaps({ of }: { of: Source }) {
  const said = texts.sources
  return (
    <>
      <Table
        caption={said.gapsOf(of.gapCount, of.kind)}
        columns={GAPS}
        rows={of.gaps.nodes}
        keyOf={(gap) => gap.from}
      />
      {of.gapCount > of.gaps.nodes.length && <p class="quiet">{said.older(of.gapCount - of.gaps.nodes.length)}</p>}
    </>
  )
}

const GAPS: readonly Column<Gap>[] = [
  { id: 'from', title: texts.sources.gap.from, cell: (gap) => <Moment at={gap.from} /> },
  {
    id: 'to',
    title: texts.sources.gap.to,
    cell: (gap) => (gap.to ? <Moment at={gap.to} /> : texts.sources.gap.stillOpen),
  },
  {
    id: 'lasted',
    title: texts.sources.gap.lasted,
    cell: (gap) => <Duration seconds={lastsSeconds(gap)} />,
    isNumber: true,
  },
  { id: 'reason', title: texts.sources.gap.reason, cell: (gap) => <span class="sentence">{gap.reason}</span> },
  { id: 'created', title: texts.sources.gap.created, cell: (gap) => gap.created.toLocaleString(), isNumber: true },
  { id: 'changed', title: texts.sources.gap.changed, cell: (gap) => gap.changed.toLocaleString(), isNumber: true },
  { id: 'gone', title: texts.sources.gap.gone, cell: (gap) => gap.gone.toLocaleString(), isNumber: true },
]
