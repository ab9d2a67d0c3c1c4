/** The picture of a run's steps, out of what the API says of them: plumbing left out, what is alike folded. Pure. */
import type { Phase } from '../api/types'
import { PHASE_ICONS, TONES } from '../parts/phase'
import { durationText } from '../parts/wording'
import { texts } from '../texts'
import { fold, type Named } from './fold'
import { type Foldable, groups, type Pair } from './folding'
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

const PLAIN_KINDS: ReadonlySet<string> = new Set(['POD', 'CONTAINER', 'SKIPPED'])
/** Templates of Kubeflow that run any component. */
const ANY_COMPONENT = /^system-/
const ITEM = /\(\d+(:.*)?\)$/s
const COPY = /-\d+$/

/** Draw the steps; `open` are members of groups that are shown one by one. */
export function stepsPicture(graph: StepGraph, withPlumbing: boolean, open: ReadonlySet<string>): Picture {
  const { executions, links } = withPlumbing ? graph : withoutPlumbing(graph)
  const steps = new Map(executions.map((step) => [step.id, step]))
  const picture = { things: executions.map(stepThing), links: links.map(plainLink) }
  return fold(picture, executions.map(foldable), open, (members) =>
    named(members.flatMap(({ id }) => steps.get(id) ?? [])),
  )
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
export function itemless(name: string): string {
  return name.replace(ITEM, '') || name
}

function foldable(step: Step): Foldable {
  const isIteration = step.iteration !== null
  const template = step.template !== null && ANY_COMPONENT.test(step.template) ? null : step.template
  const name = isIteration
    ? itemless(step.displayName)
    : template === null
      ? itemless(step.displayName).replace(COPY, '')
      : ''
  // A trial has neither a template nor a name that says anything: it is what its kind is.
  const likeness = step.template === null && !isIteration ? step.kind : `${template ?? ''} ${name}`
  return { id: step.id, likeness: `${likeness} ${step.system}`, isIteration }
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
      ...(step.iteration !== null && !ITEM.test(step.displayName) ? [texts.graph.item(step.iteration)] : []),
      ...(step.attempt > 0 ? [texts.graph.attempt(step.attempt + 1)] : []),
    ],
    isAskedFor: false,
    isQuiet: !step.cached && isLeftOut(step.phase),
    more: null,
    members: [],
  }
}

function named(steps: readonly Step[]): Named {
  const [first] = steps
  if (!first) return { title: '', subtitle: '' }
  if (first.iteration !== null)
    return { title: itemless(first.displayName), subtitle: texts.graph.iterations(steps.length) }
  const subtitle = texts.graph.steps(steps.length)
  if (first.template === null) return { title: first.kind, subtitle }
  return {
    title: ANY_COMPONENT.test(first.template) ? itemless(first.displayName).replace(COPY, '') : first.template,
    subtitle,
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
