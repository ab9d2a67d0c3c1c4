/** The columns that a list of runs can have: those of runs, and one for each metric and each parameter that was chosen. */
import type { ComponentChildren } from 'preact'
import { address } from '../../address/address'
import type { Answer } from '../../api/queries'
import { PhaseMark } from '../../parts/phase'
import { Duration, Moment, ParameterValue } from '../../parts/values'
import { metricText } from '../../parts/wording'
import { texts } from '../../texts'

export type Run = Answer<'page-runs'>['runs']['nodes'][number]
export type Parameters = ReadonlyMap<string, ReadonlyMap<string, { value: string | null; redacted: boolean }>>

interface RunColumn {
  readonly cell: (run: Run) => ComponentChildren
  readonly sort?: string
  readonly isNumber?: boolean
}

export const METRIC = 'metric:'
export const PARAMETER = 'parameter:'
export const SHOWN_FIRST = 'phase,name,pipeline,namespace,started,duration'
const BUILT_IN = 'built in'

export const OF_RUNS: Readonly<Record<keyof typeof texts.runs.column, RunColumn>> = {
  phase: { cell: (run) => <PhaseMark phase={run.phase} /> },
  name: {
    cell: (run) => <a href={address(['runs', run.id])}>{run.displayName}</a>,
    sort: 'name',
  },
  pipeline: { cell: (run) => run.pipelineVersion?.pipeline.name ?? quietly(run.kind) },
  version: { cell: (run) => run.pipelineVersion?.name ?? run.pipelineVersion?.digest.slice(0, 19) ?? none() },
  experiment: { cell: (run) => run.experiment?.name ?? none() },
  recurring: {
    cell: (run) =>
      run.recurringRun ? (
        <a href={address(['recurring', run.recurringRun.id])}>{run.recurringRun.displayName}</a>
      ) : (
        none()
      ),
  },
  namespace: { cell: (run) => run.namespace },
  cluster: { cell: (run) => run.cluster },
  kind: { cell: (run) => run.kind },
  started: { cell: (run) => <Moment at={run.startedAt ?? run.createdAt} />, sort: 'started' },
  scheduled: { cell: (run) => <Moment at={run.scheduledAt} /> },
  duration: { cell: (run) => <Duration seconds={run.durationSeconds} />, sort: 'duration', isNumber: true },
}

/** The metrics that somebody recorded of these runs, by name. */
export function metricsOf(runs: readonly Run[]): readonly string[] {
  const names = runs.flatMap((run) => run.metrics.filter((one) => one.source !== BUILT_IN).map((one) => one.name))
  return [...new Set(names)].sort()
}

export function metricCell(run: Run, name: string): ComponentChildren {
  const metric = run.metrics.find((one) => one.name === name)
  return metric ? metricText(metric) : none()
}

export function parameterCell(run: Run, name: string, parameters: Parameters): ComponentChildren {
  const parameter = parameters.get(run.id)?.get(name)
  return parameter ? <ParameterValue {...parameter} /> : none()
}

function quietly(text: string): ComponentChildren {
  return <span class="quiet">{text}</span>
}

function none(): ComponentChildren {
  return quietly(texts.words.none)
}
