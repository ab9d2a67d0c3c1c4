/** What of runs is asked for: from the state in the address to what the API takes. Pure. */
import type { RunOrder, RunWhere } from '../api/types'
import { directionOf, type Sorting } from '../parts/sorting'

export type Params = Readonly<Record<string, string>>

type Comparison = 'eq' | 'gt' | 'gte' | 'lt' | 'lte' | 'contains'

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': 'eq',
  '>': 'gt',
  '>=': 'gte',
  '<': 'lt',
  '<=': 'lte',
  '~': 'contains',
}

/** A filter such as `auc >= 0.9`; null where it is none. */
export function compared(text: string): { name: string; comparison: Comparison; value: string } | null {
  const [, name, sign, value] = /^\s*(.+?)\s*(>=|<=|=|>|<|~)\s*(.*?)\s*$/.exec(text) ?? []
  const comparison = sign && COMPARISONS[sign]
  return name && comparison && value !== undefined ? { name, comparison, value } : null
}

/** A filter by a metric: as `compared`, with a number. */
export function comparedMetric(text: string): { name: string; comparison: Comparison; value: number } | null {
  const found = compared(text)
  if (!found || found.comparison === 'contains' || found.value === '') return null
  const value = Number(found.value)
  return Number.isFinite(value) ? { ...found, value } : null
}

/** The names of the filters in an address. */
export const FILTERS = [
  'text',
  'phase',
  'pipeline',
  'experiment',
  'recurring',
  'namespace',
  'since',
  'until',
  'parameter',
  'metric',
] as const

/** What the filters in an address come to. One that is not well written filters nothing: the form says so. */
export function whereOf(params: Params): RunWhere {
  const parameter = params.parameter ? compared(params.parameter) : null
  const metric = params.metric ? comparedMetric(params.metric) : null
  const since = instant(params.since)
  const until = instant(params.until)
  return {
    ...(params.text && { displayName: { contains: params.text } }),
    ...(params.phase && { phase: { in: params.phase.split(',') as never } }),
    ...(params.pipeline && { pipeline: { eq: params.pipeline } }),
    ...(params.experiment && { experiment: { eq: params.experiment } }),
    ...(params.recurring && { recurringRun: { eq: params.recurring } }),
    ...(params.namespace && { namespace: { eq: params.namespace } }),
    ...((since || until) && { startedAt: { ...(since && { gte: since }), ...(until && { lt: until }) } }),
    ...(parameter && { parameter: { name: parameter.name, [parameter.comparison]: parameter.value } }),
    ...(metric && { metric: { name: metric.name, [metric.comparison]: metric.value } }),
  }
}

const FIELDS = { created: 'CREATED_AT', started: 'STARTED_AT', duration: 'DURATION', name: 'NAME' } as const
const METRIC = 'metric:'

export const NEWEST_FIRST = '-created'

export function orderOf(sorting: Sorting): RunOrder[] {
  const direction = directionOf(sorting)
  if (sorting.by.startsWith(METRIC)) return [{ field: 'METRIC', metric: sorting.by.slice(METRIC.length), direction }]
  return [{ field: FIELDS[sorting.by as keyof typeof FIELDS] ?? 'CREATED_AT', direction }]
}

/** The moment that a field for local times shows, as the API takes it. */
function instant(local: string | undefined): string | null {
  const at = local ? new Date(local) : null
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : null
}
