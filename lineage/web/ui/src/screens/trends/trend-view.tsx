/** One series, or several in one picture: how it is drawn, the chart or its table, and what is said of it. */
import { useId, useMemo } from 'preact/hooks'
import { change } from '../../address/use-address'
import { SeriesChart } from '../../charts'
import { type Drawn, pointsWithin, type Range, wholeRange } from '../../charts/model'
import { csvOf } from '../../parts/csv'
import { download } from '../../parts/download'
import { Facts } from '../../parts/facts'
import { Field } from '../../parts/filters'
import { measureText } from '../../parts/wording'
import { texts } from '../../texts'
import { drawnOf, nameOf, type Trend } from './drawing'
import { GapTable } from './gaps'
import { Legend } from './legend'
import { VerdictMark } from './overview'
import { PointPanel } from './point-panel'
import { PointTable } from './point-table'
import { documentOf, recordsOf, rowsOf } from './rows'
import type { Params } from './scope'
import { Shifts } from './shifts'
import { AXES, rangeParams, SMOOTHINGS, type View, viewOf } from './view'
import { factsOf } from './words'

const MOST_SERIES = 6 // as many as there are colours that are told apart

export function TrendView({ trends, params }: { trends: readonly Trend[]; params: Params }) {
  const said = texts.trends
  const shown = trends.slice(0, MOST_SERIES)
  const [first] = shown
  const asked = viewOf(params)
  // A chart is made anew with what is drawn: not for another range, or a point that was opened.
  const drawn = useMemo(
    () => drawnOf(shown, asked),
    [first, shown.length, asked.along, asked.smoothing, asked.hidesOutliers],
  )
  const whole = wholeRange(drawn)
  const view: View = { ...asked, range: clipped(asked.range, whole), isLog: asked.isLog && areAllPositive(shown) }
  const rows = rowsOf(shown, drawn, view, view.range)
  if (!first) return null
  const only = shown.length === 1 ? first : null
  const label = only ? nameOf(only) : first.metric
  return (
    <>
      <section class="card stack" aria-label={said.chart.title}>
        <Controls view={view} params={params} trends={shown} drawn={drawn} whole={whole} />
        {params.show === 'table' ? (
          <PointTable rows={rows} />
        ) : (
          <>
            <SeriesChart
              label={said.chart.label(label, pointsWithin(drawn, view.range).length)}
              drawn={drawn}
              range={view.range}
              isLog={view.isLog}
              written={(value) => measureText(first.metric, value)}
              open={params.point ?? null}
              onOpen={(key) => change({ point: key })}
              onRange={(range) => change(rangeParams(range, view.along))}
            />
            <Legend drawn={drawn} smoothing={view.smoothing} />
          </>
        )}
        {trends.length > MOST_SERIES && <p class="quiet">{said.chart.most(MOST_SERIES, trends.length)}</p>}
        {view.range && only && <p class="quiet">{said.chart.onlyDrawn}</p>}
      </section>
      {params.point && <PointPanel key={params.point} trends={trends} point={params.point} />}
      {only && <Told trend={only} />}
    </>
  )
}

/** What is said of one series. */
function Told({ trend }: { trend: Trend }) {
  const said = texts.trends
  return (
    <>
      {trend.warnings.length > 0 && (
        <section class="card">
          <h2>{said.warnings}</h2>
          <ul class="plain-list">
            {trend.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </section>
      )}
      <Shifts trend={trend} />
      <section class="card">
        <h2 class="with-mark">
          {said.facts.title} <VerdictMark verdict={trend.verdict} />
        </h2>
        <Facts of={factsOf(trend)} />
      </section>
      {trend.gaps.length > 0 && <GapTable gaps={trend.gaps} />}
    </>
  )
}

function Controls({
  view,
  params,
  trends,
  drawn,
  whole,
}: {
  view: View
  params: Params
  trends: readonly Trend[]
  drawn: Drawn
  whole: Range | null
}) {
  const said = texts.trends.chart
  const id = useId()
  const canLog = areAllPositive(trends)
  const save = (form: 'csv' | 'json') => {
    const rows = rowsOf(trends, drawn, view, view.range)
    const name = `${trends[0]?.metric ?? 'trend'}.${form}`
    if (form === 'csv') download(new Blob([csvOf(recordsOf(rows))], { type: 'text/csv' }), name)
    else {
      const text = JSON.stringify(documentOf(trends, rows, view.range, drawn), null, 2)
      download(new Blob([text], { type: 'application/json' }), name)
    }
  }
  return (
    <form class="filters chart-controls" aria-label={said.controls} onSubmit={(event) => event.preventDefault()}>
      <Field id={`${id}-x`} label={said.along}>
        <select
          id={`${id}-x`}
          value={view.along}
          onChange={(event) => change({ x: event.currentTarget.value, from: null, to: null })}
        >
          {AXES.map((one) => (
            <option key={one} value={one}>
              {said.axes[one]}
            </option>
          ))}
        </select>
      </Field>
      <RangeFields view={view} whole={whole} />
      <Field id={`${id}-smooth`} label={said.smoothing}>
        <select
          id={`${id}-smooth`}
          value={String(view.smoothing ?? '')}
          onChange={(event) => change({ smooth: event.currentTarget.value })}
        >
          <option value="">{said.unsmoothed}</option>
          {SMOOTHINGS.map((count) => (
            <option key={count} value={String(count)}>
              {said.smoothed(count)}
            </option>
          ))}
        </select>
      </Field>
      <label class="tick-box">
        <input
          type="checkbox"
          checked={!view.hidesOutliers}
          onChange={(event) => change({ outliers: event.currentTarget.checked ? null : 'hidden' })}
        />
        {said.outliers}
      </label>
      <label class="tick-box" title={canLog ? undefined : said.logNot}>
        <input
          type="checkbox"
          checked={view.isLog}
          disabled={!canLog}
          onChange={(event) => change({ log: event.currentTarget.checked ? '1' : null })}
        />
        {said.log}
      </label>
      <label class="tick-box">
        <input
          type="checkbox"
          checked={params.show === 'table'}
          onChange={(event) => change({ show: event.currentTarget.checked ? 'table' : null })}
        />
        {said.table}
      </label>
      <span class="end">
        <button type="button" title={said.save(said.csv)} onClick={() => save('csv')}>
          {said.csv}
        </button>
        <button type="button" title={said.save(said.json)} onClick={() => save('json')}>
          {said.json}
        </button>
      </span>
    </form>
  )
}

/** The range, for who does not drag over the chart. */
function RangeFields({ view, whole }: { view: View; whole: Range | null }) {
  const said = texts.trends.chart
  const id = useId()
  const isNumber = view.along === 'number'
  const written = rangeParams(view.range, view.along)
  const field = (name: 'from' | 'to', label: string) => (
    <Field id={`${id}-${name}`} label={label}>
      <input
        id={`${id}-${name}`}
        type={(isNumber ? 'number' : 'datetime-local') as 'text'} // the types of Preact want one field a type
        value={(isNumber ? written[name] : localText(written[name])) ?? ''}
        onChange={(event) => {
          const text = event.currentTarget.value
          const place = isNumber ? Number(text) : new Date(text).getTime() / 1_000
          const range = view.range ?? whole
          if (!text || !range || !Number.isFinite(place)) change({ [name]: null })
          else change(rangeParams({ ...range, [name]: place }, view.along))
        }}
      />
    </Field>
  )
  return (
    <>
      {field('from', isNumber ? said.fromNumber : said.from)}
      {field('to', isNumber ? said.toNumber : said.to)}
      {view.range && (
        <button type="button" onClick={() => change({ from: null, to: null })}>
          {said.whole}
        </button>
      )}
    </>
  )
}

/** A moment as a field for local times holds it. */
function localText(iso: string | null): string | null {
  if (!iso) return null
  const at = new Date(iso)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** A range with two ends, of which the address may say one. */
function clipped(range: Range | null, whole: Range | null): Range | null {
  if (!range || !whole) return null
  return {
    from: Number.isFinite(range.from) ? range.from : Math.min(whole.from, range.to),
    to: Number.isFinite(range.to) ? range.to : Math.max(whole.to, range.from),
  }
}

function areAllPositive(trends: readonly Trend[]): boolean {
  return trends.every((trend) => trend.points.every((point) => point.value > 0))
}
