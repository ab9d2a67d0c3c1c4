/** What the chart draws, as a table. */
import { address } from '../../address/address'
import { Name } from '../../parts/name'
import { type Column, Table } from '../../parts/table'
import { Moment } from '../../parts/values'
import { measureText } from '../../parts/wording'
import { texts } from '../../texts'
import { keyOf, nameOf } from './drawing'
import type { TrendRow } from './rows'

const MOST_ROWS = 1_000

export function PointTable({ rows }: { rows: readonly TrendRow[] }) {
  const said = texts.trends
  const shown = rows.slice(-MOST_ROWS).reverse()
  const columns: (Column<TrendRow> | false)[] = [
    {
      id: 'run',
      title: said.columnsOfPoints.run,
      cell: ({ point }) => <Name text={point.run.displayName} href={address(['runs', point.run.id])} />,
    },
    { id: 'due', title: said.columnsOfPoints.due, cell: ({ point }) => <Moment at={point.at} /> },
    rows.some((row) => row.trend.split) && {
      id: 'series',
      title: said.columnsOfPoints.series,
      cell: ({ trend }) => <Name text={nameOf(trend)} />,
    },
    rows.some((row) => row.trend.task) && {
      id: 'step',
      title: said.columnsOfPoints.step,
      cell: ({ point }) => <Name text={point.execution?.displayName ?? texts.words.none} />,
    },
    {
      id: 'value',
      title: said.columnsOfPoints.value,
      isNumber: true,
      cell: ({ trend, point }) => measureText(trend.metric, point.value),
    },
    rows.some((row) => row.smooth !== null) && {
      id: 'smoothed',
      title: said.columnsOfPoints.smoothed,
      isNumber: true,
      cell: ({ trend, smooth }) => (smooth === null ? texts.words.none : measureText(trend.metric, smooth)),
    },
    { id: 'notes', title: said.columnsOfPoints.notes, cell: ({ point }) => notesOf(point).join(', ') },
  ]
  return (
    <>
      <Table
        caption={said.chart.table}
        columns={columns.filter((column) => column !== false)}
        rows={shown}
        keyOf={({ point }) => keyOf(point)}
      />
      {shown.length < rows.length && <p class="quiet">{said.chart.rows(shown.length, rows.length)}</p>}
    </>
  )
}

function notesOf(point: TrendRow['point']): string[] {
  const said = texts.trends.point
  return [
    ...(point.cached ? [said.cached] : []),
    ...(point.outlier ? [said.outlier] : []),
    ...(point.versionChanged ? [said.version] : []),
  ]
}
