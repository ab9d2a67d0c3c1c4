/** Runs side by side: from what is known of them to rows of cells, one for each run, the baseline first. Pure. */
import { address } from '../../address/address'
import type { Answer } from '../../api/queries'
import type { MetricDirection } from '../../api/types'
import { brief } from '../../comparison/brief'
import type { Diff } from '../../comparison/differences'
import { durationText, exactText, measureText, metricText } from '../../parts/wording'
import { texts } from '../../texts'

export type Run = Extract<NonNullable<Answer<'page-compare'>['nodes'][number]>, { __typename: 'Run' }>
type Step = Run['executions']['nodes'][number]
type Use = Step['inputs'][number]

export const SECTIONS = [
  'overview',
  'parameters',
  'metrics',
  'images',
  'inputs',
  'outputs',
  'environment',
  'spec',
  'timing',
] as const
export type SectionName = (typeof SECTIONS)[number]

export interface Cell {
  readonly text: string
  /** Equal where nothing differs. */
  readonly counts: string
  /** All of it, where the text is shortened. */
  readonly whole?: string
  readonly number?: number
  readonly href?: string
  readonly note?: string
}

export interface Row {
  readonly id: string
  readonly name: string
  /** The step that it is of. */
  readonly step: string | null
  /** Null where a run has none. */
  readonly cells: readonly (Cell | null)[]
  readonly direction: MetricDirection
  readonly written: (value: number) => string
}

export type Sections = Readonly<Record<SectionName, readonly Row[]>>
export type Directions = ReadonlyMap<string, MetricDirection>

const BUILT_IN = 'built in'
const OF_SPEC = ['SPEC', 'TOPOLOGY']

/** `diffs` are those of each other run from the first, where they are known. */
export function sectionsOf(runs: readonly Run[], diffs: readonly (Diff | null)[], directions: Directions): Sections {
  const steps = runs.map(stepsOf)
  return {
    overview: overviewOf(runs),
    parameters: gathered(runs, (run) =>
      run.parameters.map(({ name, value, redacted }) => [
        { name },
        redacted
          ? { text: texts.words.redacted, counts: value ?? '', ...(value && { whole: value }) }
          : plain(value ?? texts.words.none),
      ]),
    ),
    metrics: metricsOf(runs, directions, (source) => source !== BUILT_IN),
    images: gathered(steps, (of) =>
      of.flatMap(([step, { images }]) =>
        images.map((image) => [{ name: image.container, step }, imageCell(image)] as const),
      ),
    ),
    inputs: gathered(steps, (of) => usesOf(of, 'inputs')),
    outputs: gathered(steps, (of) => usesOf(of, 'outputs')),
    environment: told(diffs, (kind) => kind === 'ENVIRONMENT'),
    spec: told(diffs, (kind) => OF_SPEC.includes(kind)),
    timing: [
      ...rowsOf([
        [texts.compare.rows.started, runs.map((run) => (run.startedAt ? plain(exactText(run.startedAt)) : null))],
      ]),
      ...metricsOf(runs, directions, (source) => source === BUILT_IN),
      ...gathered(steps, (of) => of.flatMap(([step, one]) => durationOf(step, one)), 'LOWER', durationText),
    ],
  }
}

/** The rows in which not all are the same. */
export function differing(sections: Sections): Sections {
  const kept = SECTIONS.map((name) => [name, sections[name].filter(differs)] as const)
  return Object.fromEntries(kept) as unknown as Sections
}

export function differs({ cells }: Row): boolean {
  return new Set(cells.map((cell) => cell?.counts ?? null)).size > 1
}

/** How a number differs from that of the baseline; null where there is nothing to say. */
export function differenceOf(
  row: Row,
  cell: Cell | null,
): { by: number; relative: number | null; is: 'better' | 'worse' | null } | null {
  const base = row.cells[0]?.number
  if (cell?.number === undefined || base === undefined || cell.number === base) return null
  const by = cell.number - base
  const isKnown = row.direction === 'HIGHER' || row.direction === 'LOWER'
  const isBetter = row.direction === 'HIGHER' ? by > 0 : by < 0
  return { by, relative: base === 0 ? null : by / Math.abs(base), is: isKnown ? (isBetter ? 'better' : 'worse') : null }
}

/** The baseline first, the others as the address names them. */
export function inOrder(ids: readonly string[], base: string | undefined): readonly string[] {
  const first = base && ids.includes(base) ? base : ids[0]
  return first === undefined ? [] : [first, ...ids.filter((id) => id !== first)]
}

// ------------------------------------------------ sections
function overviewOf(runs: readonly Run[]): Row[] {
  const said = texts.compare.rows
  const each = (cell: (run: Run) => Cell | null) => runs.map(cell)
  return rowsOf([
    [said.phase, each((run) => plain(texts.words.phases[run.phase]))],
    [said.pipeline, each((run) => of(run.pipelineVersion?.pipeline.name))],
    [
      said.version,
      each(({ pipelineVersion: version }) =>
        version ? { text: brief(version.name ?? version.digest), counts: version.digest, whole: version.digest } : null,
      ),
    ],
    [said.experiment, each((run) => of(run.experiment?.name))],
    [said.recurring, each((run) => of(run.recurringRun?.displayName))],
    [said.namespace, each((run) => plain(run.namespace))],
    [said.cluster, each((run) => plain(run.cluster))],
    [said.kind, each((run) => plain(run.kind))],
  ])
}

function metricsOf(runs: readonly Run[], directions: Directions, isMeant: (source: string) => boolean): Row[] {
  const rows = gathered(runs, (run) =>
    run.metrics
      .filter((metric) => isMeant(metric.source))
      .map((metric) => {
        const text =
          metric.value !== null && !metric.percentage ? measureText(metric.name, metric.value) : metricText(metric)
        const number = metric.value === null ? {} : { number: metric.value }
        return [{ name: metric.name }, { text, counts: String(metric.value ?? metric.special), ...number }]
      }),
  )
  return rows.map((row) => ({
    ...row,
    direction: directions.get(row.name) ?? 'UNKNOWN',
    written: (value) => measureText(row.name, value),
  }))
}

/** The steps of a run by their names, plumbing and replaced attempts left out; of several attempts the last counts. */
function stepsOf(run: Run): readonly (readonly [name: string, step: Step])[] {
  const found = new Map<string, Step>()
  for (const step of run.executions.nodes) {
    if (step.system || step.superseded) continue
    const isOfLoop = step.iteration !== null && !/\(\d+/.test(step.displayName)
    found.set(isOfLoop ? `${step.displayName} (${step.iteration})` : step.displayName, step)
  }
  return [...found]
}

function imageCell({ reference, digest }: Step['images'][number]): Cell {
  const whole = digest ? `${reference} ${digest}` : reference
  return { text: reference, counts: digest ?? reference, whole, ...(digest && { note: brief(digest) }) }
}

function usesOf(steps: ReturnType<typeof stepsOf>, side: 'inputs' | 'outputs') {
  return steps.flatMap(([step, one]) =>
    one[side].map((use) => [{ name: use.name, step }, artifactCell(use, one.cached && side === 'outputs')] as const),
  )
}

/** Equal content is equal, wherever it lies; where that is not known, the place counts. */
function artifactCell({ artifact }: Use, isCached: boolean): Cell {
  const said = texts.compare
  const content = artifact.contentDigest ?? artifact.digest
  const whole = [artifact.uri, content].filter(Boolean).join(' ')
  const notes = [...(content ? [] : [said.unknownBytes]), ...(isCached ? [said.cached] : [])]
  return {
    text: brief(content ?? artifact.uri ?? texts.words.none),
    counts: content ?? artifact.uri ?? artifact.id,
    whole,
    href: address(['artifacts', artifact.id]),
    ...(notes.length > 0 && { note: notes.join(', ') }),
  }
}

function durationOf(step: string, one: Step): readonly (readonly [Place, Cell])[] {
  if (one.durationSeconds === null) return []
  const cell = {
    text: durationText(one.durationSeconds),
    counts: String(one.durationSeconds),
    number: one.durationSeconds,
    ...(one.cached && { note: texts.compare.cached }),
  }
  return [[{ name: texts.compare.rows.duration(step) }, cell]]
}

/** What differs from the first run, as the API tells it: who is not named there has what the first has. */
function told(diffs: readonly (Diff | null)[], isMeant: (kind: string) => boolean): Row[] {
  const found = new Map<string, { place: Place; before: string | null; after: Map<number, string | null> }>()
  diffs.forEach((diff, at) => {
    for (const change of diff?.changes ?? []) {
      if (!isMeant(change.kind)) continue
      const place = { name: change.path, step: change.step }
      const row = found.get(idOf(place)) ?? { place, before: change.before, after: new Map() }
      row.after.set(at, change.after)
      found.set(idOf(place), row)
    }
  })
  return [...found.values()].map(({ place, before, after }) => {
    const others = diffs.map((_, at) => (after.has(at) ? (after.get(at) ?? null) : before))
    return rowOf(place, [before, ...others].map(of))
  })
}

// ------------------------------------------------ rows and cells
interface Place {
  readonly name: string
  readonly step?: string | null
}

function idOf({ name, step }: Place): string {
  return `${step ?? ''}\n${name}`
}

/** A row for each place that any of them names, in the order in which they do. */
function gathered<T>(
  all: readonly T[],
  named: (one: T) => readonly (readonly [Place, Cell])[],
  direction: MetricDirection = 'UNKNOWN',
  written: (value: number) => string = String,
): Row[] {
  const rows = new Map<string, { place: Place; cells: (Cell | null)[] }>()
  all.forEach((one, at) => {
    for (const [place, cell] of named(one)) {
      const row = rows.get(idOf(place)) ?? { place, cells: all.map(() => null) }
      row.cells[at] = cell
      rows.set(idOf(place), row)
    }
  })
  return [...rows.values()].map(({ place, cells }) => ({ ...rowOf(place, cells), direction, written }))
}

function rowsOf(rows: readonly (readonly [name: string, cells: readonly (Cell | null)[]])[]): Row[] {
  return rows.filter(([, cells]) => cells.some(Boolean)).map(([name, cells]) => rowOf({ name }, cells))
}

function rowOf(place: Place, cells: readonly (Cell | null)[]): Row {
  return { id: idOf(place), name: place.name, step: place.step ?? null, cells, direction: 'UNKNOWN', written: String }
}

function plain(text: string): Cell {
  const shown = brief(text)
  return { text: shown, counts: text, ...(shown !== text && { whole: text }) }
}

function of(text: string | null | undefined): Cell | null {
  return text === null || text === undefined ? null : plain(text)
}
