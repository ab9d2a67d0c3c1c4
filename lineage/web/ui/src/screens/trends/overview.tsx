/** Series in a table, the worst first: of all metrics of a scope, or of one that was split. */
import type { ComponentChildren } from 'preact'
import { address } from '../../address/address'
import type { Answer } from '../../api/queries'
import { Sparkline } from '../../charts/sparkline'
import type { IconName } from '../../parts/icons'
import { Name } from '../../parts/name'
import { Mark } from '../../parts/phase'
import { type Column, Table } from '../../parts/table'
import { measureText, numberText, percentText, signedText } from '../../parts/wording'
import { texts } from '../../texts'
import { changeOf, nameOf, VERDICT_TONES } from './drawing'
import type { Params } from './scope'

export type Series = Answer<'page-trends'>['metricTrends'][number]

const ICONS: Readonly<Record<Series['verdict'], IconName>> = {
  REGRESSION: 'alert',
  SHIFTED: 'question',
  UNKNOWN: 'question',
  STEADY: 'minus',
  IMPROVEMENT: 'check',
}

export function VerdictMark({ verdict }: { verdict: Series['verdict'] }) {
  return (
    <Mark tone={VERDICT_TONES[verdict]} icon={ICONS[verdict]}>
      {texts.trends.verdicts[verdict]}
    </Mark>
  )
}

export function SeriesTable({ series, params }: { series: readonly Series[]; params: Params }) {
  const said = texts.trends
  const areSplit = series.some((one) => one.split)
  const columns: Column<Series>[] = [
    {
      id: 'series',
      title: areSplit ? said.columns.series : said.columns.metric,
      cell: (one) => (
        <Name text={areSplit ? nameOf(one) : one.metric} href={address(['trends'], leadingTo(one, params))} />
      ),
    },
    {
      id: 'verdict',
      title: said.columns.verdict,
      cell: (one) => (
        <span class="verdict">
          <VerdictMark verdict={one.verdict} />
          {one.alarm && <span class="quiet">{said.warned}</span>}
        </span>
      ),
    },
    {
      id: 'course',
      title: said.columns.course,
      cell: (one) => <Sparkline values={one.points.filter((point) => !point.cached).map((point) => point.value)} />,
    },
    {
      id: 'latest',
      title: said.columns.latest,
      isNumber: true,
      cell: (one) => (one.summary.latest === null ? quiet() : measureText(one.metric, one.summary.latest)),
    },
    { id: 'difference', title: said.columns.difference, isNumber: true, cell: differenceOf },
    { id: 'shifts', title: said.columns.shifts, isNumber: true, cell: shiftsOf },
    { id: 'count', title: said.columns.count, isNumber: true, cell: (one) => numberText(one.summary.count) },
  ]
  return (
    <Table
      caption={areSplit ? said.series : said.list}
      columns={columns}
      rows={series}
      keyOf={(one) => `${one.metric}\n${one.split?.value ?? ''}`}
    />
  )
}

function leadingTo(series: Series, params: Params): Params {
  const { selected: _, point: __, ...kept } = params
  if (!series.split) return { ...kept, metric: series.metric }
  return { ...kept, metric: series.metric, split: splitParam(series.split.value) }
}

/** A value as the address holds it: of runs without the parameter there is a series, too. */
export function splitParam(value: string | null): string {
  return value === null ? '-' : `=${value}`
}

function differenceOf({ summary }: Series): ComponentChildren {
  if (summary.difference === null) return quiet()
  return summary.relativeDifference === null ? signedText(summary.difference) : percentText(summary.relativeDifference)
}

function shiftsOf({ shifts }: Series): ComponentChildren {
  const last = shifts[shifts.length - 1]
  if (!last) return quiet('0')
  return (
    <>
      {shifts.length} <span class="quiet">({changeOf(last)})</span>
    </>
  )
}

function quiet(text: string = texts.words.none) {
  return <span class="quiet">{text}</span>
}
