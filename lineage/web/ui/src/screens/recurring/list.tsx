/** The recurring runs: when each is due, and how its last runs went. */
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import type { RecurringRunOrderField, RecurringRunWhere } from '../../api/types'
import { useAnswer } from '../../api/use-answer'
import { ChoiceFilter, Filters, isFiltered, TextFilter } from '../../parts/filters'
import { ListPage } from '../../parts/list'
import { Name } from '../../parts/name'
import { pageAsked } from '../../parts/pager'
import { PhaseStrip } from '../../parts/phase-strip'
import { Screen } from '../../parts/screen'
import { orderedBy, type Sorting, sortable, sortingOf } from '../../parts/sorting'
import { RecurringMark } from '../../parts/state-marks'
import { Shown } from '../../parts/states'
import type { Column } from '../../parts/table'
import { useMinute } from '../../parts/use-now'
import { Moment } from '../../parts/values'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { dueAsked, nextDue } from './due'
import { ScheduleText } from './schedule-text'

type Recurring = Answer<'page-recurring-runs'>['recurringRuns']['nodes'][number]

const PAGE = 50
const FILTERS = ['text', 'namespace', 'enabled'] as const
const FIELDS: Readonly<Record<string, RecurringRunOrderField>> = { name: 'NAME', created: 'CREATED_AT' }

export function RecurringRunsScreen({ params }: Pick<ScreenProps, 'params'>) {
  useUpdates(['page-recurring-runs'])
  const said = texts.recurring
  const sorting = sortingOf(params.sort, 'name')
  const listed = useAnswer('page-recurring-runs', {
    where: whereOf(params),
    orderBy: orderedBy(sorting, FIELDS, 'NAME'),
    ...pageAsked(params, PAGE),
  })
  const ids = listed.state === 'answered' ? listed.data.recurringRuns.nodes.map((one) => one.id) : []
  const now = useMinute()
  const asked = useAnswer('page-recurring-due', ids.length ? dueAsked(ids, now) : null)
  const due = nextDue(asked)
  return (
    <Screen
      title={said.title}
      beside={
        listed.state === 'answered' && <span class="quiet">{said.count(listed.data.recurringRuns.totalCount)}</span>
      }
    >
      <Filters names={FILTERS} params={params}>
        <TextFilter name="text" label={said.name} params={params} />
        <TextFilter name="namespace" label={said.namespace} params={params} />
        <ChoiceFilter
          name="enabled"
          label={said.state}
          any={said.anyState}
          params={params}
          options={[
            ['yes', texts.words.recurringStates.enabled],
            ['no', texts.words.recurringStates.disabled],
          ]}
        />
      </Filters>
      <Shown of={listed}>
        {({ recurringRuns }) => (
          <ListPage
            caption={said.title}
            page={recurringRuns}
            columns={columnsOf(sorting, due)}
            keyOf={(one) => one.id}
            areFiltered={isFiltered(FILTERS, params)}
            empty={{ title: said.empty, why: said.emptyWhy }}
          />
        )}
      </Shown>
    </Screen>
  )
}

function columnsOf(sorting: Sorting, due: ReadonlyMap<string, string>): readonly Column<Recurring>[] {
  const said = texts.recurring.column
  return [
    {
      id: 'name',
      title: said.name,
      cell: (one) => <Name text={one.displayName} href={address(['recurring', one.id])} />,
      ...sortable(sorting, 'name'),
    },
    { id: 'state', title: said.state, cell: (one) => <RecurringMark {...one} /> },
    { id: 'schedule', title: said.schedule, cell: (one) => <ScheduleText {...one} /> },
    { id: 'due', title: said.due, cell: (one) => <Moment at={due.get(one.id)} /> },
    { id: 'last', title: said.last, cell: (one) => <PhaseStrip runs={one.runs.nodes} /> },
    {
      id: 'runs',
      title: said.runs,
      cell: (one) => <a href={address(['runs'], { recurring: one.id })}>{one.runs.totalCount.toLocaleString()}</a>,
      isNumber: true,
    },
    { id: 'namespace', title: said.namespace, cell: (one) => one.namespace },
    {
      id: 'experiment',
      title: said.experiment,
      cell: (one) =>
        one.experiment ? (
          <Name text={one.experiment.name} href={address(['runs'], { experiment: one.experiment.id })} />
        ) : (
          <span class="quiet">{texts.words.none}</span>
        ),
    },
    {
      id: 'created',
      title: said.created,
      cell: (one) => <Moment at={one.createdAt} />,
      ...sortable(sorting, 'created'),
    },
  ]
}

function whereOf(params: ScreenProps['params']): RecurringRunWhere {
  return {
    ...(params.text && { name: { contains: params.text } }),
    ...(params.namespace && { namespace: { eq: params.namespace } }),
    ...(params.enabled && { enabled: params.enabled === 'yes' }),
  }
}
