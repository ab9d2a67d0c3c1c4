/** Trends: how metrics move over the runs of a scope, where their level shifted, and what may have done it. */
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import { useAnswer } from '../../api/use-answer'
import { Screen } from '../../parts/screen'
import { Empty, Shown } from '../../parts/states'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { ChoosingForm, ScopeList, scopeName, type Within } from './choosing'
import type { Trend } from './drawing'
import { SeriesTable, splitParam } from './overview'
import { type Params, runsWhere, type Scope, scopeOf, trendScope } from './scope'
import { TrendView } from './trend-view'
import { lastOf } from './view'

export function TrendsScreen({ params }: ScreenProps) {
  useUpdates(['page-trends', 'page-trend', 'page-trend-choices'])
  const scope = scopeOf(params)
  const asked = useAnswer(
    'page-trend-choices',
    scope && {
      ids: scope.kind === 'namespace' ? [] : [scope.value],
      scope: trendScope(scope),
      where: runsWhere(scope),
    },
  )
  const within = asked.state === 'answered' && !asked.isOld ? asked.data : null
  if (!scope) {
    return (
      <Screen title={texts.trends.title}>
        <ScopeList />
      </Screen>
    )
  }
  const name = scopeName(scope, within)
  return (
    <Screen
      title={params.metric ?? (name ? texts.trends.of(name) : texts.trends.title)}
      above={params.metric && <Above scope={scope} name={name} params={params} />}
    >
      <ChoosingForm params={params} scope={scope} within={within} />
      {params.metric ? (
        <OneMetric scope={scope} metric={params.metric} params={params} />
      ) : (
        <AllMetrics scope={scope} params={params} within={within} />
      )}
    </Screen>
  )
}

/** The way back: to all metrics of the scope, and from one series to all that a parameter makes. */
function Above({ scope, name, params }: { scope: Scope; name: string | null; params: Params }) {
  const own = { [scope.kind]: scope.value, task: params.task, last: params.last }
  return (
    <>
      <a href={address(['trends'], own)}>{texts.trends.of(name ?? scope.value)}</a>
      {params.by && params.split && (
        <>
          {' / '}
          <a href={address(['trends'], { ...params, split: null, point: null })}>{texts.trends.allSeries}</a>
        </>
      )}
    </>
  )
}

function AllMetrics({ scope, params, within }: { scope: Scope; params: Params; within: Within | null }) {
  const asked = useAnswer('page-trends', {
    scope: trendScope(scope),
    task: params.task ?? null,
    last: lastOf(params),
  })
  return (
    <Shown of={asked}>
      {(data) => {
        const series = data.metricTrends.filter((one) => one.points.length)
        if (series.length) return <SeriesTable series={series} params={params} />
        return (
          <Empty title={texts.trends.empty}>
            <p>{texts.trends.emptyWhy}</p>
            {within && !within.runs.nodes.length && <a href={address(['runs'])}>{texts.frame.toRuns}</a>}
          </Empty>
        )
      }}
    </Shown>
  )
}

function OneMetric({ scope, metric, params }: { scope: Scope; metric: string; params: Params }) {
  const asked = useAnswer('page-trend', {
    scope: trendScope(scope),
    metric,
    task: params.task ?? null,
    by: params.by ?? null,
    withChanges: !params.by || Boolean(params.split),
    last: lastOf(params),
  })
  return (
    <Shown of={asked}>
      {(data) => {
        const trends = data.metricTrends.filter((one) => one.points.length)
        const chosen = params.by && params.split ? trends.filter((one) => isOf(one, params.split)) : trends
        if (!trends.length) {
          return (
            <Empty title={texts.trends.noPoints}>
              <p>{texts.trends.noPointsWhy}</p>
            </Empty>
          )
        }
        if (!chosen.length) return <Empty title={texts.trends.noSeries} />
        return (
          <div class="stack">
            {chosen.length > 1 && <SeriesTable series={chosen} params={params} />}
            <TrendView trends={chosen} params={params} />
          </div>
        )
      }}
    </Shown>
  )
}

function isOf(trend: Trend, split: string | undefined): boolean {
  return splitParam(trend.split?.value ?? null) === split
}
