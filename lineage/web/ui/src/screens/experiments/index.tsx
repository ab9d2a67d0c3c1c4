/** The experiments: how many runs each has, and how the last went. */
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import type { ExperimentOrderField, ExperimentWhere } from '../../api/types'
import { useAnswer } from '../../api/use-answer'
import { Filters, isFiltered, TextFilter } from '../../parts/filters'
import { ListPage } from '../../parts/list'
import { Name } from '../../parts/name'
import { pageAsked } from '../../parts/pager'
import { PhaseStrip } from '../../parts/phase-strip'
import { Screen } from '../../parts/screen'
import { orderedBy, type Sorting, sortable, sortingOf } from '../../parts/sorting'
import { Shown } from '../../parts/states'
import type { Column } from '../../parts/table'
import { Moment } from '../../parts/values'
import { texts } from '../../texts'
import type { ScreenProps } from '..'

type Experiment = Answer<'page-experiments'>['experiments']['nodes'][number]

const PAGE = 50
const FILTERS = ['text', 'namespace'] as const
const FIELDS: Readonly<Record<string, ExperimentOrderField>> = { name: 'NAME', created: 'CREATED_AT' }

export function ExperimentsScreen({ params }: ScreenProps) {
  useUpdates(['page-experiments'])
  const said = texts.experiments
  const sorting = sortingOf(params.sort, 'name')
  const listed = useAnswer('page-experiments', {
    where: whereOf(params),
    orderBy: orderedBy(sorting, FIELDS, 'NAME'),
    ...pageAsked(params, PAGE),
  })
  return (
    <Screen
      title={said.title}
      beside={
        listed.state === 'answered' && <span class="quiet">{said.count(listed.data.experiments.totalCount)}</span>
      }
    >
      <Filters names={FILTERS} params={params}>
        <TextFilter name="text" label={said.name} params={params} />
        <TextFilter name="namespace" label={said.namespace} params={params} />
      </Filters>
      <Shown of={listed}>
        {({ experiments }) => (
          <ListPage
            caption={said.title}
            page={experiments}
            columns={columnsOf(sorting)}
            keyOf={(one) => one.id}
            areFiltered={isFiltered(FILTERS, params)}
            empty={{ title: said.empty, why: said.emptyWhy }}
          />
        )}
      </Shown>
    </Screen>
  )
}

function columnsOf(sorting: Sorting): readonly Column<Experiment>[] {
  const said = texts.experiments.column
  const runs = (one: Experiment, count: number, phase?: string) =>
    count ? (
      <a href={address(['runs'], { experiment: one.id, ...(phase && { phase }) })}>{count.toLocaleString()}</a>
    ) : (
      <span class="quiet">0</span>
    )
  return [
    {
      id: 'name',
      title: said.name,
      cell: (one) => <Name text={one.name} href={address(['runs'], { experiment: one.id })} />,
      ...sortable(sorting, 'name'),
    },
    { id: 'last', title: said.last, cell: (one) => <PhaseStrip runs={one.runs.nodes} /> },
    { id: 'when', title: said.when, cell: (one) => <Moment at={one.runs.nodes[0]?.createdAt} /> },
    { id: 'runs', title: said.runs, cell: (one) => runs(one, one.runs.totalCount), isNumber: true },
    {
      id: 'running',
      title: said.running,
      cell: (one) => runs(one, one.running.totalCount, 'RUNNING,PENDING'),
      isNumber: true,
    },
    {
      id: 'failed',
      title: said.failed,
      cell: (one) => runs(one, one.failed.totalCount, 'FAILED,ERROR'),
      isNumber: true,
    },
    {
      id: 'trends',
      title: said.trends,
      cell: (one) => (
        <a href={address(['trends'], { experiment: one.id })} aria-label={texts.experiments.trendsOf(one.name)}>
          {said.trends}
        </a>
      ),
    },
    {
      id: 'namespace',
      title: said.namespace,
      cell: (one) => one.namespace ?? <span class="quiet">{texts.words.none}</span>,
    },
    {
      id: 'created',
      title: said.created,
      cell: (one) => <Moment at={one.createdAt} />,
      ...sortable(sorting, 'created'),
    },
  ]
}

function whereOf(params: ScreenProps['params']): ExperimentWhere {
  return {
    ...(params.text && { name: { contains: params.text } }),
    ...(params.namespace && { namespace: { eq: params.namespace } }),
  }
}
