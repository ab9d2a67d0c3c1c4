/** The picture of a run's steps, out of what the API says of them: plumbing left out, what is alike folded. Pure. */
import type { Phase } from '../api/types'
import { PHASE_ICONS, TONES } from '../parts/phase'
import { durationText } from '../parts/wording'
import { texts } from '../texts'
import { type Foldable, groups, led, type Pair } from './folding'
import type { Link, Mark, Picture, Thing } from './picture'

export interface Step {
  readonly id: string
  readonly displayName: string
  readonly kind: string
  readonly phase: Phase
  readonly cached: boolean
  /** Plumbing of the engine. */
  readonly system: boolean
  readonly iteration: number | null
  readonly attempt: number
  readonly template: string | null
  readonly durationSeconds: number | null
}

export interface StepGraph {
  readonly executions: readonly Step[]
  readonly links: readonly Pair[]
}

/** The order in which a group says how many of its steps came to which phase: first what one has to look at. */
const PHASES: readonly Phase[] = ['FAILED', 'ERROR', 'RUNNING', 'PENDING', 'UNKNOWN', 'SUCCEEDED', 'SKIPPED', 'OMITTED']
const PLAIN_KINDS: ReadonlySet<string> = new Set(['POD', 'CONTAINER', 'SKIPPED'])
/** Templates of Kubeflow that run any component. */
const ANY_COMPONENT = /^system-/
const ITEM = /\(\d+(:.*)?\)$/s
const COPY = /-\d+$/

/** Draw the steps; `open` are members of groups that are shown one by one. */
export function stepsPicture(graph: StepGraph, withPlumbing: boolean, open: ReadonlySet<string>): Picture {
  const { executions, links } = withPlumbing ? graph : withoutPlumbing(graph)
  const steps = new Map(executions.map((step) => [step.id, step]))
  const folded = groups(executions.map(foldable), links, open)
  const standing = new Map(folded.flatMap((ids) => ids.map((id) => [id, groupId(ids)] as const)))
  const members = new Map(folded.map((ids) => [groupId(ids), ids.flatMap((id) => steps.get(id) ?? [])]))
  const drawn = new Set<string>()
  const things: Thing[] = []
  for (const step of executions) {
    const id = standing.get(step.id) ?? step.id
    if (drawn.has(id)) continue
    drawn.add(id)
    const group = members.get(id)
    things.push(group ? groupThing(id, group) : stepThing(step))
  }
  return { things, links: led(links, standing).map(plainLink) }
}

/** The members of the group that a step is of, once it is unfolded; empty for one that is alike to too few. */
export function likeSteps(graph: StepGraph, withPlumbing: boolean, id: string): readonly string[] {
  const { executions, links } = withPlumbing ? graph : withoutPlumbing(graph)
  return groups(executions.map(foldable), links).find((ids) => ids.includes(id)) ?? []
}

/** Leave plumbing out, and lead through what it ties together. */
export function withoutPlumbing({ executions, links }: StepGraph): StepGraph {
  const hidden = new Set(executions.filter((step) => step.system).map((step) => step.id))
  if (!hidden.size) return { executions, links }
  const before = new Map<string, string[]>()
  for (const { source, target } of links) before.set(target, [...(before.get(target) ?? []), source])
  const known = new Map<string, ReadonlySet<string>>()
  const sources = (id: string): ReadonlySet<string> => {
    const found = known.get(id)
    if (found) return found
    const seen = new Set<string>()
    known.set(id, seen)
    for (const one of before.get(id) ?? []) {
      if (hidden.has(one)) for (const other of sources(one)) seen.add(other)
      else seen.add(one)
    }
    return seen
  }
  const shown = executions.filter((step) => !step.system)
  return {
    executions: shown,
    links: shown.flatMap(({ id }) => [...sources(id)].map((source) => ({ source, target: id }))),
  }
}

export function hasPlumbing(graph: StepGraph): boolean {
  return graph.executions.some((step) => step.system)
}

/** What the iterations of a step are called, without the item that each was given. */
function stepName(step: Step): string {
  return step.displayName.replace(ITEM, '') || step.displayName
}

function foldable(step: Step): Foldable {
  const isIteration = step.iteration !== null
  const template = step.template !== null && ANY_COMPONENT.test(step.template) ? null : step.template
  const name = isIteration ? stepName(step) : template === null ? stepName(step).replace(COPY, '') : ''
  // A trial has neither a template nor a name that says anything: it is what its kind is.
  const likeness = step.template === null && !isIteration ? step.kind : `${template ?? ''} ${name}`
  return { id: step.id, likeness: `${likeness} ${step.system}`, isIteration }
}

function groupId(members: readonly string[]): string {
  return `group:${members[0]}`
}

function stepThing(step: Step): Thing {
  const took = step.durationSeconds === null ? texts.words.phases[step.phase] : durationText(step.durationSeconds)
  return {
    id: step.id,
    kind: 'execution',
    title: step.displayName,
    subtitle: PLAIN_KINDS.has(step.kind) ? took : `${step.kind} · ${took}`,
    marks: [phaseMark(step.phase)],
    badges: [
      ...(step.cached ? [texts.graph.cached] : []),
      ...(step.attempt > 0 ? [texts.graph.attempt(step.attempt + 1)] : []),
    ],
    isAskedFor: false,
    isQuiet: !step.cached && isLeftOut(step.phase),
    more: null,
    members: [],
  }
}

function groupThing(id: string, steps: readonly Step[]): Thing {
  const [first] = steps
  const isLoop = first?.iteration !== null
  const generic = !first?.template || ANY_COMPONENT.test(first.template)
  const name = first ? stepName(first) : ''
  const title = isLoop
    ? name
    : generic
      ? first?.template
        ? name.replace(COPY, '')
        : (first?.kind ?? '')
      : first.template
  return {
    id,
    kind: 'group',
    title,
    subtitle: isLoop ? texts.graph.iterations(steps.length) : texts.graph.steps(steps.length),
    marks: PHASES.flatMap((phase) => {
      const count = steps.filter((step) => step.phase === phase).length
      return count ? [{ ...phaseMark(phase), count }] : []
    }),
    badges: steps.every((step) => step.cached) ? [texts.graph.cached] : [],
    isAskedFor: false,
    isQuiet: steps.every((step) => !step.cached && isLeftOut(step.phase)),
    more: null,
    members: steps.map((step) => ({ id: step.id, title: step.displayName })),
  }
}

export function phaseMark(phase: Phase): Mark {
  return { word: texts.words.phases[phase], tone: TONES[phase], icon: PHASE_ICONS[phase] }
}

function isLeftOut(phase: Phase): boolean {
  return phase === 'SKIPPED' || phase === 'OMITTED'
}

function plainLink({ source, target }: Pair): Link {
  return { source, target, label: '', isInferred: false }
}
