/** What a chart draws, as rows of a table: for who reads it so, and as CSV and JSON. Pure. */
import { type Drawn, isWithin, type Range } from '../../charts/model'
import { nameOf, type Point, shownPoints, type Trend } from './drawing'
import type { View } from './view'

export interface TrendRow {
  readonly trend: Trend
  readonly point: Point
  readonly x: number
  readonly smooth: number | null
}

/** The points that are drawn within a range, series by series, in the order of x. */
export function rowsOf(trends: readonly Trend[], drawn: Drawn, view: View, range: Range | null): TrendRow[] {
  return trends.flatMap((trend, number) => {
    const series = drawn.series[number]
    if (!series) return []
    const points = new Map(shownPoints(trend, view).map((point) => [point.execution?.id ?? point.run.id, point]))
    return series.points.flatMap((one, place): TrendRow[] => {
      const point = points.get(one.key)
      return point && isWithin(one.x, range) ? [{ trend, point, x: one.x, smooth: series.smooth?.[place] ?? null }] : []
    })
  })
}

/** The columns of the file, as the command line names them; a smoothed value where one is drawn. */
export function recordsOf(rows: readonly TrendRow[]): Record<string, string | number | boolean | null>[] {
  return rows.map(({ trend, point, smooth }) => ({
    metric: trend.metric,
    task: trend.task,
    parameter: trend.split?.parameter ?? null,
    parameter_value: trend.split?.value ?? null,
    slot: point.scheduledAt ?? point.at,
    at: point.at,
    scheduled_at: point.scheduledAt,
    value: point.value,
    ...(rows.some((row) => row.smooth !== null) && { smoothed: smooth }),
    cached: point.cached,
    outlier: point.outlier,
    version_changed: point.versionChanged,
    run: point.run.displayName,
    run_id: point.run.id,
    run_uid: point.run.uid,
    phase: point.run.phase,
    execution: point.execution?.displayName ?? null,
    execution_id: point.execution?.id ?? null,
  }))
}

/** All of it: the points, and what is marked on them within the range. */
export function documentOf(
  trends: readonly Trend[],
  rows: readonly TrendRow[],
  range: Range | null,
  drawn: Drawn,
): object {
  return {
    points: recordsOf(rows),
    series: trends.map((trend) => ({
      name: nameOf(trend),
      verdict: trend.verdict,
      direction: trend.direction,
      summary: trend.summary,
      warnings: trend.warnings,
      shifts: trend.shifts,
      alarm: trend.alarm,
    })),
    gaps: trends.length === 1 ? trends[0]?.gaps.filter((_, place) => isWithin(drawn.ticks[place]?.x ?? 0, range)) : [],
  }
}
