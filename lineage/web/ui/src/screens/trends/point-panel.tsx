/** A point that was opened: its run, where the value was read, and what differs from the run before. */
import { useEffect, useRef } from 'preact/hooks'
import { address } from '../../address/address'
import { change } from '../../address/use-address'
import { useAnswer } from '../../api/use-answer'
import { Differences } from '../../comparison/differences'
import { Facts } from '../../parts/facts'
import { Icon } from '../../parts/icons'
import { Name } from '../../parts/name'
import { PhaseMark } from '../../parts/phase'
import { Shown } from '../../parts/states'
import { Moment } from '../../parts/values'
import { measureText, percentText, signedText } from '../../parts/wording'
import { texts } from '../../texts'
import { keyOf, type Point, type Trend } from './drawing'

export function PointPanel({ trends, point: key }: { trends: readonly Trend[]; point: string }) {
  const said = texts.trends.point
  const head = useRef<HTMLHeadingElement>(null)
  // Who opens a point is led to it.
  useEffect(() => head.current?.focus(), [])
  const trend = trends.find((one) => one.points.some((point) => keyOf(point) === key))
  const place = trend?.points.findIndex((point) => keyOf(point) === key) ?? -1
  const point = trend?.points[place]
  return (
    <section class="card stack point-panel">
      <div class="card-head">
        <h2 ref={head} tabIndex={-1}>
          {said.title}
        </h2>
        <button
          type="button"
          class="plain"
          aria-label={said.close}
          title={said.close}
          onClick={() => change({ point: null })}
        >
          <Icon name="cross" />
        </button>
      </div>
      {trend && point ? (
        <Told trend={trend} point={point} before={runBefore(trend, place)} />
      ) : (
        <p class="quiet">{said.gone}</p>
      )}
    </section>
  )
}

/** The newest point before it of another run: of one run a step can have several. */
export function runBefore(trend: Trend, place: number): Point | null {
  const run = trend.points[place]?.run.id
  return trend.points.slice(0, place).findLast((point) => point.run.id !== run) ?? null
}

function Told({ trend, point, before }: { trend: Trend; point: Point; before: Point | null }) {
  const said = texts.trends.point
  const notes = [
    ...(point.cached ? [said.cached] : []),
    ...(point.outlier ? [said.outlier] : []),
    ...(point.versionChanged ? [said.version] : []),
  ]
  const value = measureText(trend.metric, point.value)
  return (
    <>
      <Facts
        of={[
          [said.run, <Name key="it" text={point.run.displayName} href={address(['runs', point.run.id])} />],
          [said.value, notes.length ? `${value}, ${notes.join(', ')}` : value],
          before && [said.since, sinceBefore(point.value, before.value)],
          [texts.runs.phase, <PhaseMark key="it" phase={point.run.phase} />],
          point.scheduledAt !== null && [said.due, <Moment key="it" at={point.scheduledAt} />],
          [said.started, <Moment key="it" at={point.run.startedAt} />],
        ]}
      />
      {point.execution && <Origin metric={trend.metric} run={point.run.id} execution={point.execution} />}
      <h3>{said.differences}</h3>
      {before ? <Against before={before} point={point} /> : <p class="quiet">{said.first}</p>}
    </>
  )
}

function sinceBefore(now: number, before: number): string {
  const difference = signedText(now - before)
  return before === 0 ? difference : `${difference} (${percentText((now - before) / Math.abs(before))})`
}

/** The step that it was read of, and what that wrote: the artifact that holds the value, where it lay in one. */
function Origin({
  metric,
  run,
  execution,
}: {
  metric: string
  run: string
  execution: { id: string; displayName: string }
}) {
  const said = texts.trends.point
  const asked = useAnswer('page-trend-point', { execution: execution.id })
  return (
    <Shown of={asked}>
      {({ nodes: [node] }) => {
        const found = node?.__typename === 'Execution' ? node : null
        const source = found?.metrics.find((one) => one.name === metric)?.source
        const artifacts = found?.outputs ?? []
        const holding = artifacts.filter(({ artifact }) => artifact.uri !== null && artifact.uri === source)
        const shown = holding.length ? holding : artifacts
        return (
          <Facts
            of={[
              [
                said.step,
                <Name
                  key="it"
                  text={execution.displayName}
                  href={address(['runs', run, 'graph'], { step: execution.id })}
                />,
              ],
              source !== undefined && [said.source, <code key="it">{source}</code>],
              shown.length > 0 && [
                said.artifacts,
                <ul key="it" class="plain-list">
                  {shown.map(({ name, artifact }) => (
                    <li key={`${name} ${artifact.id}`}>
                      <Name text={name} href={address(['artifacts', artifact.id])} />
                    </li>
                  ))}
                </ul>,
              ],
            ]}
          />
        )
      }}
    </Shown>
  )
}

function Against({ before, point }: { before: Point; point: Point }) {
  const said = texts.trends.point
  const asked = useAnswer('page-run-diff', { base: before.run.id, target: point.run.id })
  return (
    <div class="stack">
      <div class="links">
        <Name text={before.run.displayName} href={address(['runs', before.run.id])} />
        <a href={address(['compare'], { runs: `${before.run.id},${point.run.id}`, base: before.run.id })}>
          {said.compare}
        </a>
      </div>
      <Shown of={asked}>{(data) => (data.runDiff ? <Differences of={data.runDiff} /> : null)}</Shown>
    </div>
  )
}
