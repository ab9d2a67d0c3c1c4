/** The runs: which meet a filter, in an order, with the columns that one wants; some of them to be compared. */
import { address } from '../../address/address'
import { change } from '../../address/use-address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import { type Answered, useAnswer } from '../../api/use-answer'
import { isFiltered } from '../../parts/filters'
import { lazily } from '../../parts/lazily'
import { Menu } from '../../parts/menu'
import { Pager, pageAsked } from '../../parts/pager'
import { Screen } from '../../parts/screen'
import { type Sorting, sortable, sortingOf } from '../../parts/sorting'
import { Empty, Shown } from '../../parts/states'
import { type Column, Table } from '../../parts/table'
import { FilterForm } from '../../runs/filter-form'
import { FILTERS, NEWEST_FIRST, orderOf, whereOf } from '../../runs/filters'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import {
  METRIC,
  metricCell,
  namesIn,
  OF_RUNS,
  PARAMETER,
  parameterCell,
  type Run,
  SHOWN_FIRST,
  type Values,
} from './columns'

const PAGE = 50
export const MOST_COMPARED = 10

const RunScreen = lazily(() => import('../run').then((it) => it.RunScreen))

/** All runs; or the one whose id follows in the address. */
export function RunsScreen(props: ScreenProps) {
  return props.path.length ? <RunScreen {...props} /> : <ListedRuns {...props} />
}

function ListedRuns({ params }: ScreenProps) {
  useUpdates(['page-runs', 'page-run-count', 'page-run-values'])
  const where = whereOf(params)
  const sorting = sortingOf(params.sort, NEWEST_FIRST)
  const listed = useAnswer('page-runs', { where, orderBy: orderOf(sorting), ...pageAsked(params, PAGE) })
  const counted = useAnswer('page-run-count', { where })
  const runs = listed.state === 'answered' ? listed.data.runs.nodes : []
  const shown = (params.columns || SHOWN_FIRST).split(',')
  const isChoosing = params.choosing === 'columns'
  const wantsValues = isChoosing || shown.some((name) => name.startsWith(METRIC) || name.startsWith(PARAMETER))
  const values = valuesOf(
    useAnswer('page-run-values', wantsValues && runs.length ? { ids: runs.map((run) => run.id) } : null),
  )
  const selected = params.selected?.split(',') ?? []
  return (
    <Screen
      title={texts.runs.title}
      beside={
        <>
          {counted.state === 'answered' && <span class="quiet">{texts.runs.count(counted.data.runs.totalCount)}</span>}
          {selected.length > 0 && <Selection selected={selected} />}
          <ColumnMenu shown={shown} values={values} isOpen={isChoosing} />
        </>
      }
    >
      <FilterForm params={params} />
      <Shown of={listed}>
        {(data) =>
          data.runs.nodes.length ? (
            <>
              <Table
                caption={texts.runs.title}
                columns={columnsOf(shown, sorting, values, selected)}
                rows={data.runs.nodes}
                keyOf={(run) => run.id}
                rowClass={(run) => (selected.includes(run.id) ? 'is-marked' : undefined)}
              />
              <Pager of={data.runs.pageInfo} />
            </>
          ) : (
            <NoRuns areFiltered={isFiltered(FILTERS, params)} />
          )
        }
      </Shown>
    </Screen>
  )
}

function NoRuns({ areFiltered }: { areFiltered: boolean }) {
  if (areFiltered) return <Empty title={texts.runs.noMatch} />
  return (
    <Empty title={texts.runs.empty}>
      <p>{texts.runs.emptyWhy}</p>
      <p>
        <a href={address(['sources'])}>{texts.runs.emptySources}</a>
      </p>
    </Empty>
  )
}

function Selection({ selected }: { selected: readonly string[] }) {
  return (
    <>
      <span>{texts.runs.selected(selected.length)}</span>
      <button type="button" onClick={() => change({ selected: null }, { replace: true })}>
        {texts.runs.unselect}
      </button>
      {selected.length > 1 && (
        <a class="button strong" href={address(['compare'], { runs: selected.join(',') })}>
          {texts.runs.compare}
        </a>
      )}
    </>
  )
}

function columnsOf(
  shown: readonly string[],
  sorting: Sorting,
  values: ValuesOf,
  selected: readonly string[],
): Column<Run>[] {
  const selection: Column<Run> = {
    id: 'selected',
    title: <span class="unseen">{texts.runs.compare}</span>,
    cell: (run) => (
      <input
        type="checkbox"
        aria-label={texts.runs.select(run.displayName)}
        checked={selected.includes(run.id)}
        disabled={!selected.includes(run.id) && selected.length >= MOST_COMPARED}
        onChange={() => change({ selected: toggled(selected, run.id).join(',') }, { replace: true })}
      />
    ),
  }
  const rest = shown.map((name): Column<Run> | null => {
    if (name.startsWith(METRIC)) {
      const metric = name.slice(METRIC.length)
      return {
        id: name,
        title: metric,
        cell: (run) => metricCell(values.get(run.id), metric),
        isNumber: true,
        ...sortable(sorting, name),
      }
    }
    if (name.startsWith(PARAMETER)) {
      const parameter = name.slice(PARAMETER.length)
      return { id: name, title: parameter, cell: (run) => parameterCell(values.get(run.id), parameter) }
    }
    const column = OF_RUNS[name as keyof typeof OF_RUNS]
    if (!column) return null
    return {
      id: name,
      title: texts.runs.column[name as keyof typeof OF_RUNS],
      cell: column.cell,
      ...(column.isNumber && { isNumber: true }),
      ...(column.sort && sortable(sorting, column.sort)),
    }
  })
  return [selection, ...rest.filter((column) => column !== null)]
}

function ColumnMenu({ shown, values, isOpen }: { shown: readonly string[]; values: ValuesOf; isOpen: boolean }) {
  const known = namesIn(values.values())
  // What was chosen stays to be chosen, also where no run of this page has it.
  const chosen = (prefix: string) =>
    shown.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  const metrics = [...new Set([...known.metrics, ...chosen(METRIC)])].sort()
  const parameterNames = [...new Set([...known.parameters, ...chosen(PARAMETER)])].sort()
  const offered = (prefix: string, names: readonly string[], title: (name: string) => string) =>
    names.map((name) => (
      <label key={name}>
        <input
          type="checkbox"
          checked={shown.includes(prefix + name)}
          onChange={() => change({ columns: toggled(shown, prefix + name).join(',') }, { replace: true })}
        />
        {title(name)}
      </label>
    ))
  return (
    <Menu
      title={texts.runs.columns}
      isOpen={isOpen}
      onToggle={(open) => change({ choosing: open ? 'columns' : null }, { replace: true })}
    >
      <fieldset class="choices">
        <legend>{texts.runs.columnsOfRuns}</legend>
        {offered('', Object.keys(OF_RUNS), (name) => texts.runs.column[name as keyof typeof OF_RUNS])}
      </fieldset>
      <fieldset class="choices">
        <legend>{texts.runs.columnsOfMetrics}</legend>
        {metrics.length ? offered(METRIC, metrics, (name) => name) : <p>{texts.runs.noMetrics}</p>}
      </fieldset>
      {parameterNames.length > 0 && (
        <fieldset class="choices">
          <legend>{texts.runs.columnsOfParameters}</legend>
          {offered(PARAMETER, parameterNames, (name) => name)}
        </fieldset>
      )}
    </Menu>
  )
}

type ValuesOf = ReadonlyMap<string, Values>

/** The values of runs, by their ids. */
function valuesOf(given: Answered<Answer<'page-run-values'>>): ValuesOf {
  if (given.state !== 'answered') return new Map()
  return new Map(given.data.nodes.filter((node) => node?.__typename === 'Run').map((run) => [run.id, run]))
}

function toggled(names: readonly string[], name: string): readonly string[] {
  return names.includes(name) ? names.filter((one) => one !== name) : [...names, name]
}
