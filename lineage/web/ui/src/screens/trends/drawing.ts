/** From an answer to what is drawn of it. Pure: what it draws is what is told, and nothing is computed but a smoothed line. */
import type { Answer } from '../../api/queries'
import type {
  Band,
  ChartMark,
  ChartPoint,
  ChartSeries,
  ChartTick,
  Drawn,
  Lane,
  LaneMark,
  Level,
  PointLook,
  Tone,
} from '../../charts/model'
import { brief } from '../../comparison/brief'
import { exactText, measureText, percentText, probabilityText, signedText } from '../../parts/wording'
import { texts } from '../../texts'
import type { Along, View } from './view'

export type Trend = Answer<'page-trend'>['metricTrends'][number]
export type Point = Trend['points'][number]
export type Gap = Trend['gaps'][number]
export type Shift = Trend['shifts'][number]
type Change = NonNullable<Trend['changes']>[number]
type RunSeen = Shift['after']

export const VERDICT_TONES: Readonly<Record<Trend['verdict'], Tone>> = {
  REGRESSION: 'bad',
  SHIFTED: 'doubt',
  UNKNOWN: 'doubt',
  STEADY: 'quiet',
  IMPROVEMENT: 'good',
}

const BASELINE = 30 // values before the last one, of which the API tells what is usual

/** By which a point is opened: a run can have several of a step. */
export function keyOf(point: Point): string {
  return point.execution?.id ?? point.run.id
}

/** The points of a trend that are shown, in the order of time. */
export function shownPoints(trend: Trend, view: Pick<View, 'hidesOutliers'>): readonly Point[] {
  return view.hidesOutliers ? trend.points.filter((point) => !point.outlier) : trend.points
}

/** Several series in one picture, or all of one. */
export function drawnOf(trends: readonly Trend[], view: Pick<View, 'along' | 'smoothing' | 'hidesOutliers'>): Drawn {
  const places = placesOf(trends, view.along)
  const axis = view.along === 'number' ? 'number' : 'time'
  const series = trends.map((trend) => seriesOf(trend, view, places))
  const [only] = trends
  if (!only || trends.length > 1) return { axis, series, marks: [], ticks: [], levels: [], band: null, lanes: [] }
  return {
    axis,
    series,
    marks: marksOf(only, places),
    ticks: only.gaps.map((gap) => tickOf(gap, places)),
    levels: levelsOf(only, places),
    band: bandOf(only, places),
    lanes: lanesOf(only, places),
  }
}

/** A series is called by its value, where it was split, else by its metric. */
export function nameOf(trend: Pick<Trend, 'metric' | 'task' | 'split'>): string {
  if (trend.split) return `${trend.split.parameter} = ${trend.split.value ?? texts.words.none}`
  return trend.task ? `${trend.metric} · ${trend.task}` : trend.metric
}

// ------------------------------------------------ where things stand
interface Places {
  readonly point: (point: Point) => number
  readonly gap: (gap: Gap) => number
  readonly run: (run: RunSeen, at: string) => number
}

/** Along the numbers of runs, a slot without one stands between two. */
function placesOf(trends: readonly Trend[], along: Along): Places {
  if (along === 'number') {
    const numbers = numbersOf(trends)
    const numberAt = (at: string) => numbers.before(seconds(at)) + 0.5
    return {
      point: (point) => numbers.of.get(point.run.id) ?? numberAt(point.at),
      gap: (gap) => (gap.run && numbers.of.get(gap.run.id)) ?? numberAt(gap.at),
      run: (run, at) => numbers.of.get(run.id) ?? numberAt(at),
    }
  }
  const isStarted = along === 'started'
  const dues = new Map(trends.flatMap((trend) => trend.points.map((point) => [point.run.id, point.at])))
  return {
    point: (point) => seconds((isStarted && point.run.startedAt) || point.at),
    gap: (gap) => seconds((isStarted && gap.run?.startedAt) || gap.at),
    run: (run, at) => seconds((isStarted && run.startedAt) || (dues.get(run.id) ?? at)),
  }
}

/** Runs counted from 1 in the order of time, those without a value as well. */
function numbersOf(trends: readonly Trend[]): { of: ReadonlyMap<string, number>; before: (at: number) => number } {
  const seen = new Map<string, number>()
  for (const trend of trends) {
    for (const point of trend.points) seen.set(point.run.id, seconds(point.at))
    for (const gap of trend.gaps) if (gap.run) seen.set(gap.run.id, seconds(gap.at))
  }
  const ordered = [...seen].sort((one, other) => one[1] - other[1])
  return {
    of: new Map(ordered.map(([id], place) => [id, place + 1])),
    before: (at) => ordered.filter(([, when]) => when < at).length,
  }
}

function seconds(iso: string): number {
  return new Date(iso).getTime() / 1_000
}

// ------------------------------------------------ what stands there
function seriesOf(trend: Trend, view: Pick<View, 'smoothing' | 'hidesOutliers'>, places: Places): ChartSeries {
  const changes = changesByRun(trend)
  const points = shownPoints(trend, view).map((point) => chartPoint(trend, point, places, changes))
  points.sort((one, other) => one.x - other.x)
  return { name: nameOf(trend), points, smooth: view.smoothing ? smoothed(points, view.smoothing) : null }
}

function chartPoint(
  trend: Trend,
  point: Point,
  places: Places,
  changes: ReadonlyMap<string, readonly string[]>,
): ChartPoint {
  const said = texts.trends.point
  const look: PointLook = point.cached ? 'hollow' : point.outlier ? 'far' : 'plain'
  return {
    key: keyOf(point),
    x: places.point(point),
    y: point.value,
    look,
    told: [
      `${nameOf(trend)}: ${measureText(trend.metric, point.value)}`,
      point.run.displayName,
      exactText(point.at),
      ...(point.execution && trend.task ? [point.execution.displayName] : []),
      ...(point.cached ? [said.cached] : []),
      ...(point.outlier ? [said.outlier] : []),
      ...(point.versionChanged ? [said.version] : []),
      ...(changes.get(point.run.id) ?? []),
    ],
  }
}

function tickOf(gap: Gap, places: Places): ChartTick {
  return {
    x: places.gap(gap),
    shape: gap.missed ? 'missed' : 'failed',
    told: [gap.reason, ...(gap.run ? [gap.run.displayName] : []), exactText(gap.at)],
  }
}

function marksOf(trend: Trend, places: Places): ChartMark[] {
  const said = texts.trends.chart
  const versions = trend.points
    .filter((point) => point.versionChanged)
    .map((point): ChartMark => {
      const x = places.point(point)
      return { x, from: x, to: x, tone: 'quiet', line: 'dotted', label: '' }
    })
  const shifts = trend.shifts.map(
    (shift): ChartMark => ({
      x: places.run(shift.after, shift.at),
      from: places.run(shift.earliest, shift.at),
      to: places.run(shift.latest, shift.at),
      tone: VERDICT_TONES[shift.verdict],
      line: 'solid',
      label: said.shift(changeOf(shift), probabilityText(shift.pValue)),
    }),
  )
  const alarm = trend.alarm
  const warned: ChartMark[] = alarm
    ? [{ ...standing(places.run(alarm.since, alarm.at)), tone: 'doubt', line: 'dashed', label: said.alarm }]
    : []
  return [...versions, ...shifts, ...warned].sort((one, other) => one.x - other.x)
}

function standing(x: number) {
  return { x, from: x, to: x }
}

/** By how much a level changed: relative, where that can be said. */
export function changeOf(shift: Pick<Shift, 'relativeChange' | 'medianBefore' | 'medianAfter'>): string {
  return shift.relativeChange === null
    ? signedText(shift.medianAfter - shift.medianBefore)
    : percentText(shift.relativeChange)
}

/** Each level goes from the first run that has it to the last: what the shifts say. */
function levelsOf(trend: Trend, places: Places): Level[] {
  const [first] = trend.points
  const last = trend.points[trend.points.length - 1]
  if (!first || !last) return []
  return trend.shifts.flatMap((shift, number): Level[] => {
    const next = trend.shifts[number + 1]
    const after: Level = {
      from: places.run(shift.after, shift.at),
      to: next ? places.run(next.before, next.at) : places.point(last),
      y: shift.medianAfter,
    }
    if (number > 0) return [after]
    return [{ from: places.point(first), to: places.run(shift.before, shift.at), y: shift.medianBefore }, after]
  })
}

/** What the last value is compared with: the values before it, since the latest shift. */
function bandOf(trend: Trend, places: Places): Band | null {
  const { median, mad } = trend.summary
  if (median === null || mad === null) return null
  const computed = trend.points.filter((point) => !point.cached)
  const since = trend.shifts[trend.shifts.length - 1]?.after.id
  const start = since ? computed.findIndex((point) => point.run.id === since) : 0
  const compared = computed.slice(Math.max(start, 0), -1).slice(-BASELINE)
  const [first] = compared
  const last = computed[computed.length - 1]
  if (!first || !last) return null
  return { from: places.point(first), to: places.point(last), low: median - mad, middle: median, high: median + mad }
}

// ------------------------------------------------ what changed
const LANES = ['IMAGE', 'SPEC', 'PARAMETER', 'INPUT'] as const
const MOST_TOLD = 5 // at one point: a tip is no table

/** What was another in each run than in the one before, in words. */
function changesByRun(trend: Trend): ReadonlyMap<string, readonly string[]> {
  const found = byRun(trend.changes ?? [])
  return new Map([...found].map(([run, changes]) => [run, fewOf(changes.map((change) => brief(change.says)))]))
}

/** A lane for each kind of change that there is. */
function lanesOf(trend: Trend, places: Places): Lane[] {
  const points = new Map(trend.points.map((point) => [point.run.id, point]))
  return LANES.flatMap((kind): Lane[] => {
    const changes = trend.changes?.filter((change) => change.kind === kind) ?? []
    const marks = [...byRun(changes)].map(([run, some]): LaneMark => {
      const point = points.get(run)
      const at = some[0]?.at ?? ''
      return {
        x: point ? places.point(point) : seconds(at),
        key: point ? keyOf(point) : null,
        told: fewOf(some.map((change) => brief(change.says))),
      }
    })
    return marks.length ? [{ name: texts.trends.lanes[kind], marks }] : []
  })
}

function byRun(changes: readonly Change[]): ReadonlyMap<string, readonly Change[]> {
  const found = new Map<string, Change[]>()
  for (const change of changes) {
    const some = found.get(change.run.id)
    if (some) some.push(change)
    else found.set(change.run.id, [change])
  }
  return found
}

function fewOf(lines: readonly string[]): readonly string[] {
  if (lines.length <= MOST_TOLD) return lines
  return [...lines.slice(0, MOST_TOLD - 1), texts.trends.more(lines.length - MOST_TOLD + 1)]
}

// ------------------------------------------------ smoothing
/** The median of so many values around each that was computed; of old values none. */
export function smoothed(points: readonly ChartPoint[], count: number): (number | null)[] {
  const computed = points.filter((point) => point.look !== 'hollow').map((point) => point.y)
  const half = Math.floor(count / 2)
  let place = -1
  return points.map((point) => {
    if (point.look === 'hollow') return null
    place += 1
    return medianOf(computed.slice(Math.max(place - half, 0), place + half + 1))
  })
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}
