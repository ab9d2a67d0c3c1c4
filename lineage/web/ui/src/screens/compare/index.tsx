/** Compare: two to ten runs side by side, only what differs unless all is asked for; the address is what one shares. */
import { address } from '../../address/address'
import { change } from '../../address/use-address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import { useAnswer, useAnswers } from '../../api/use-answer'
import { Screen } from '../../parts/screen'
import { Empty, Shown } from '../../parts/states'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { MOST_COMPARED } from '../runs'
import { Adding } from './adding'
import { MetricBars } from './bars'
import { CompareTable } from './compare-table'
import { Pair } from './pair'
import { ReportedPlots } from './reported'
import { type Directions, differing, inOrder, type Run, SECTIONS, sectionsOf } from './rows'

const STEPS = 100 // of a run, in one answer

export function CompareScreen({ params }: ScreenProps) {
  const said = texts.compare
  useUpdates(['page-compare', 'page-run-diff'])
  const named = [...new Set(params.runs?.split(',').filter(Boolean))]
  const ids = inOrder(named.slice(0, MOST_COMPARED), params.base)
  const asked = useAnswer('page-compare', ids.length ? { ids } : null)
  return (
    <Screen
      title={ids.length > 1 ? said.titleOf(ids.length) : said.title}
      beside={
        ids.length > 1 && (
          <>
            {ids.length === 2 && (
              <button type="button" title={said.swapWhy} onClick={() => change({ base: ids[1] })}>
                {said.swap}
              </button>
            )}
            <label class="tick-box">
              <input
                type="checkbox"
                checked={params.all === '1'}
                onChange={(event) => change({ all: event.currentTarget.checked ? '1' : null })}
              />
              {said.all}
            </label>
          </>
        )
      }
    >
      <Adding ids={ids} find={params.find ?? ''} most={MOST_COMPARED} />
      {named.length > MOST_COMPARED && <p class="trouble">{said.tooMany(MOST_COMPARED)}</p>}
      {ids.length < 2 && <HowToChoose hasOne={ids.length === 1} />}
      {ids.length > 0 && (
        <Shown of={asked}>
          {({ nodes }) => {
            const runs = nodes.filter((node): node is Run => node?.__typename === 'Run')
            const missing = nodes.length - runs.length
            return (
              <div class="stack">
                {missing > 0 && (
                  <p class="trouble" role="alert">
                    {said.unknown(missing)}
                  </p>
                )}
                {runs.length > 0 && <SideBySide runs={runs} params={params} />}
              </div>
            )
          }}
        </Shown>
      )}
    </Screen>
  )
}

function HowToChoose({ hasOne }: { hasOne: boolean }) {
  const said = texts.compare
  if (hasOne) return <p class="trouble">{said.one}</p>
  return (
    <Empty title={said.choose}>
      <p>{said.chooseWhy}</p>
      <p>
        <a href={address(['runs'])}>{said.toRuns}</a>
      </p>
    </Empty>
  )
}

function SideBySide({ runs, params }: { runs: readonly Run[]; params: ScreenProps['params'] }) {
  const said = texts.compare
  const [base, ...others] = runs
  const diffs = useAnswers(
    'page-run-diff',
    others.map((run) => ({ base: base?.id ?? '', target: run.id })),
  )
  const metrics = [...new Set(runs.flatMap((run) => run.metrics.map((metric) => metric.name)))].sort()
  const directions = useAnswer(
    'page-directions',
    base && metrics.length ? { scope: { namespace: base.namespace }, metrics } : null,
  )
  const all = sectionsOf(
    runs,
    diffs.state === 'answered' && !diffs.isOld ? diffs.data.map((one) => one.runDiff) : [],
    directions.state === 'answered' ? directionsOf(directions.data) : new Map(),
  )
  const shown = params.all === '1' || runs.length < 2 ? all : differing(all)
  const isNothing = SECTIONS.every((name) => !shown[name].length)
  return (
    <>
      {isNothing ? (
        <Empty title={said.same}>
          <p>{said.sameWhy}</p>
        </Empty>
      ) : (
        <CompareTable runs={runs} sections={shown} />
      )}
      {params.all === '1' && <p class="quiet">{said.onlyDifferences}</p>}
      {runs.some((run) => run.executions.pageInfo.hasNextPage) && <p class="quiet">{said.onlyFirst(STEPS)}</p>}
      <MetricBars rows={shown.metrics} runs={runs} />
      <ReportedPlots runs={runs} />
      {runs.length > 1 && <Pair runs={runs} chosen={params.with} />}
    </>
  )
}

function directionsOf({ metricTrends }: Answer<'page-directions'>): Directions {
  return new Map(metricTrends.map(({ metric, direction }) => [metric, direction]))
}
