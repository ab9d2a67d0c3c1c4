/** The columns that a list of runs can have: those of runs, and one for each metric and each parameter that was chosen. */
import type { ComponentChildren } from 'preact'
import { address } from '../../address/address'
import type { Answer } from '../../api/queries'
import { PhaseMark } from '../../parts/phase'
import { Duration, Moment, ParameterValue } from '../../parts/values'
import { metricText } from '../../parts/wording'
import { texts } from '../../texts'

export type Run = Answer<'page-runs'>['runs']['nodes'][number]

/** What a run was given, and what it measured. */
export type Values = Extract<Answer<'page-run-values'>['nodes'][number], { __typename: 'Run' }>

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

/** What there is to choose from among the values of some runs, by name: metrics that somebody recorded, and parameters. */
export function namesIn(values: Iterable<Values>): { metrics: readonly string[]; parameters: readonly string[] } {
  const metrics = new Set<string>()
  const parameters = new Set<string>()
  for (const run of values) {
    for (const metric of run.metrics) if (metric.source !== BUILT_IN) metrics.add(metric.name)
    for (const parameter of run.parameters) parameters.add(parameter.name)
  }
  return { metrics: [...metrics], parameters: [...parameters] }
}

export function metricCell(values: Values | undefined, name: string): ComponentChildren {
  const metric = values?.metrics.find((one) => one.name === name)
  return metric ? metricText(metric) : none()
}

export function parameterCell(values: Values | undefined, name: string): ComponentChildren {
  const parameter = values?.parameters.find((one) => one.name === name)
  return parameter ? <ParameterValue {...parameter} /> : none()
}

function quietly(text: string): ComponentChildren {
  return <span class="quiet">{text}</span>
}

function none(): ComponentChildren {
  return quietly(texts.words.none)
}
