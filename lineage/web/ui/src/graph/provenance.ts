/** Provenance as the API answers it: answers joined, and drawn as a picture. Pure. */
import type { Answer } from '../api/queries'
import type { ArtifactRole, ArtifactState } from '../api/types'
import { OF_ARTIFACTS } from '../parts/state-marks'
import { texts } from '../texts'
import { fold, type Named } from './fold'
import { type Foldable, groups } from './folding'
import type { Link, Mark, Picture, Thing } from './picture'
import { itemless, phaseMark } from './steps'

export type Lineage = NonNullable<Answer<'provenance'>['lineage']>
export type Node = Lineage['nodes'][number]
export type Direction = 'UPSTREAM' | 'DOWNSTREAM' | 'BOTH'

const words = texts.graph.provenance
/** The reason of the API that a depth was asked for. */
const OF_DEPTH = /beyond the depth of \d+$/

/**
 * Join a graph with what was asked around some of its nodes, `expanded`.
 *
 * What is cut off is what one of the answers cut off that none of the others went beyond: each says of the nodes that it
 * ends at that there may be more, but one that is expanded, or lies within the first, has been seen all around.
 */
export function joined(first: Lineage, around: Lineage | null, expanded: ReadonlySet<string>): Lineage {
  if (!around) return first
  const inFirst = new Set(first.nodes.map((node) => node.id))
  const cut = new Set(first.frontier)
  const isCut = (id: string) => !expanded.has(id) && (!inFirst.has(id) || cut.has(id))
  const frontier = [...new Set([...first.frontier, ...around.frontier])].filter(isCut)
  const isDepth = (reason: string) => OF_DEPTH.test(reason)
  const reasons = new Set([
    ...first.reasons.filter((reason) => frontier.length || !isDepth(reason)),
    ...around.reasons.filter((reason) => !isDepth(reason)), // it was asked for what is next, and no more
  ])
  return {
    depth: Math.max(first.depth, around.depth),
    complete: !reasons.size,
    reasons: [...reasons],
    frontier,
    nodes: unique([...first.nodes, ...around.nodes], (node) => node.id),
    edges: unique([...first.edges, ...around.edges], (edge) => JSON.stringify(edge)),
    starts: unique([...first.starts, ...around.starts], (start) => `${start.source} ${start.target}`),
    copies: unique([...first.copies, ...around.copies], (copy) => `${copy.source} ${copy.target}`),
  }
}

interface Drawing {
  /** The nodes that the graph is of; a run among them stands for its executions. */
  readonly roots: readonly string[]
  readonly direction: Direction
  /** Which were asked for more: they do not fold. */
  readonly expanded: ReadonlySet<string>
  /** Of groups: members whose group is shown one by one. */
  readonly open: ReadonlySet<string>
}

export function provenancePicture(graph: Lineage, drawing: Drawing): Picture {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  const picture = unfolded(graph, drawing)
  return fold(picture, foldables(graph, picture, drawing), drawing.open, (members) =>
    named(members, nodes.get(members[0]?.id ?? '')),
  )
}

/** The members of the group that a node is of, once it is unfolded; empty for one that is alike to too few. */
export function likeNodes(graph: Lineage, drawing: Drawing, id: string): readonly string[] {
  const picture = unfolded(graph, drawing)
  return groups(foldables(graph, picture, drawing), picture.links).find((ids) => ids.includes(id)) ?? []
}

function unfolded(graph: Lineage, { roots, direction }: Drawing): Picture {
  const asked = new Set(roots)
  const cut = new Set(graph.frontier)
  const links = linksOf(graph)
  const isReached = new Set(links.map((link) => link.target))
  const sideOf = (id: string) => {
    if (!cut.has(id)) return null
    if (direction !== 'BOTH') return direction === 'UPSTREAM' ? 'before' : 'after'
    return isReached.has(id) ? 'after' : 'before'
  }
  return {
    things: graph.nodes.map((node) => ({
      id: node.id,
      isAskedFor: asked.has(node.id) || (node.__typename === 'Execution' && asked.has(node.run.id)),
      more: sideOf(node.id),
      members: [],
      ...shown(node),
    })),
    links,
  }
}

function foldables(graph: Lineage, { things }: Picture, { roots, expanded }: Drawing): readonly Foldable[] {
  const isOfOne = new Set([...roots, ...expanded])
  const more = new Map(things.map((thing) => [thing.id, thing.more]))
  return graph.nodes.map((node) => ({
    id: node.id,
    likeness: isOfOne.has(node.id) ? node.id : `${more.get(node.id)} ${likeness(node)}`,
    isIteration: false,
  }))
}

function likeness(node: Node): string {
  switch (node.__typename) {
    case 'Execution':
      return `step ${itemless(node.displayName)} ${node.system}`
    case 'Artifact':
      return `artifact ${node.type} ${node.name}`
    case 'Deployment':
      return `deployment ${node.kind}`
    default:
      return node.id
  }
}

function named(members: readonly Thing[], first: Node | undefined): Named {
  const count = members.length
  switch (first?.__typename) {
    case 'Execution':
      return { title: itemless(first.displayName), subtitle: words.steps(count) }
    case 'Artifact':
      return { title: first.name, subtitle: words.artifacts(count) }
    case 'Deployment':
      return { title: first.kind, subtitle: words.deployments(count) }
    default:
      return { title: '', subtitle: '' }
  }
}

function shown(node: Node): Pick<Thing, 'kind' | 'title' | 'subtitle' | 'marks' | 'badges' | 'isQuiet'> {
  switch (node.__typename) {
    case 'Execution':
      return {
        kind: 'execution',
        title: node.displayName,
        subtitle: node.run.displayName,
        marks: [phaseMark(node.phase)],
        badges: node.cached ? [texts.graph.cached] : [],
        isQuiet: false,
      }
    case 'Artifact':
      return {
        kind: 'artifact',
        title: node.name,
        subtitle: node.uri ?? words.inWorkflow,
        marks: stateMarks(node.state),
        badges: [],
        isQuiet: false,
      }
    case 'Deployment':
      return {
        kind: 'deployment',
        title: node.name,
        subtitle: `${node.kind} · ${node.namespace}`,
        marks: readyMarks(node.ready),
        badges: [],
        isQuiet: false,
      }
    default:
      return { kind: 'hidden', title: words.hidden, subtitle: '', marks: [], badges: [], isQuiet: true }
  }
}

/** Of an artifact that somebody looked at. */
function stateMarks(state: ArtifactState): readonly Mark[] {
  if (state === 'UNVERIFIED') return [] // most are: a mark on each would say nothing
  const [tone, icon] = OF_ARTIFACTS[state]
  return [{ word: texts.words.artifactStates[state], tone, icon }]
}

function readyMarks(ready: boolean | null): readonly Mark[] {
  if (ready === null) return []
  return ready
    ? [{ word: texts.words.readyStates.ready, tone: 'good', icon: 'check' }]
    : [{ word: texts.words.readyStates.notReady, tone: 'bad', icon: 'alert' }]
}

/** One link from one node to another, with all that is said of the two. */
function linksOf({ edges, starts, copies }: Lineage): readonly Link[] {
  const found = new Map<string, Link>()
  const add = (source: string, target: string, label: string, isInferred: boolean) => {
    const before = found.get(`${source} ${target}`)
    found.set(`${source} ${target}`, {
      source,
      target,
      label: before ? `${before.label}, ${label}` : label,
      isInferred: isInferred && (before?.isInferred ?? true),
    })
  }
  for (const edge of edges) add(edge.source, edge.target, edgeText(edge), edge.inferred)
  for (const { source, target } of starts) add(source, target, words.started, true)
  for (const { source, target, sameBytes } of copies) {
    add(source, target, sameBytes ? words.sameBytes : words.sameContent, true)
  }
  return [...found.values()]
}

function edgeText({ role, name, inferred }: { role: ArtifactRole; name: string | null; inferred: boolean }): string {
  const said = [words.roles[role], name].filter(Boolean).join(' ')
  return inferred ? `${said} (${words.inferred})` : said
}

function unique<T>(all: readonly T[], key: (one: T) => string): readonly T[] {
  return [...new Map(all.map((one) => [key(one), one])).values()]
}
