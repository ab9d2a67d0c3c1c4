/** Where things came from and what came of them, as a graph: both ways, to a depth, and farther where one asks. */
import { useMemo } from 'preact/hooks'
import { address } from '../address/address'
import { change, useAddress } from '../address/use-address'
import { useUpdates } from '../api/live'
import { useAnswer } from '../api/use-answer'
import { Empty, Shown } from '../parts/states'
import { texts } from '../texts'
import { Details } from './details'
import { Graph } from './graph'
import { iconOf } from './kinds'
import { NodeActions, NodeDetails } from './node-details'
import type { Thing } from './picture'
import { type Direction, joined, type Lineage, likeNodes, provenancePicture } from './provenance'

const words = texts.graph.provenance
const DEPTHS = [1, 2, 3, 5, 10]
const DEPTH = 3 // what made it, of what, and what made that
const ALL = 'all'
const MOST_NODES = 1_000
const MOST_EXPANDED = 20 // at once: larger groups are unfolded, so that the address does not name hundreds
const NO_RUN = '' // nothing is ever told of it

interface ProvenanceGraphProps {
  /** Ids of artifacts, executions, deployments or runs; a run stands for its executions. */
  readonly roots: readonly string[]
  /** What the graph is of, for who hears it and for files. */
  readonly name: string
  /** The run with whose changes it changes, if it does. */
  readonly run?: string
  /**
   * Of the address: `depth`, `direction`, what is `expanded`, groups that are `open`, what is `at` the side of the graph,
   * another `focus`, `system` to see plumbing.
   */
  readonly params: Readonly<Record<string, string>>
}

export function ProvenanceGraph({ roots, name, run = NO_RUN, params }: ProvenanceGraphProps) {
  useUpdates(['provenance'], run)
  const focus = params.focus ? [params.focus] : roots
  const expanded = idsOf(params.expanded)
  const asked = { direction: directionOf(params.direction), system: params.system === '1', maxNodes: MOST_NODES }
  const answered = useAnswer('provenance', { ...asked, roots: focus, maxDepth: depthOf(params.depth) })
  const around = useAnswer('provenance', expanded.length ? { ...asked, roots: expanded, maxDepth: 1 } : null)
  const more = expanded.length && around.state === 'answered' ? around.data.lineage : null
  return (
    <Shown of={answered}>
      {({ lineage }) =>
        lineage ? (
          <Explored first={lineage} around={more} roots={focus} expanded={expanded} name={name} params={params} />
        ) : (
          <Empty title={texts.graph.none} />
        )
      }
    </Shown>
  )
}

interface ExploredProps {
  readonly first: Lineage
  readonly around: Lineage | null
  readonly roots: readonly string[]
  readonly expanded: readonly string[]
  readonly name: string
  readonly params: Readonly<Record<string, string>>
}

function Explored({ first, around, roots, expanded, name, params }: ExploredProps) {
  const at = params.at ?? null
  const opened = idsOf(params.open)
  const direction = directionOf(params.direction)
  const graph = useMemo(() => joined(first, around, new Set(expanded)), [first, around, expanded.join()])
  const drawing = useMemo(
    () => ({
      roots,
      direction,
      expanded: new Set(expanded),
      open: new Set([...opened, ...(at === null ? [] : [at])]),
    }),
    [roots.join(), direction, expanded.join(), params.open, at],
  )
  const picture = useMemo(() => provenancePicture(graph, drawing), [graph, drawing])
  const node = graph.nodes.find((one) => one.id === at)
  const thing = picture.things.find((one) => one.id === at)
  const alike = at === null ? [] : likeNodes(graph, { ...drawing, open: new Set() }, at)

  const close = () => change({ at: null })
  const unfold = (group: Thing) => change({ open: [...opened, ...idsIn(group).slice(0, 1)].join() })
  const expand = (more: Thing) => {
    if (more.members.length > MOST_EXPANDED) return unfold(more)
    change({ expanded: [...new Set([...expanded, ...idsIn(more)])].join() })
  }
  const fold = (id: string) => {
    if (expanded.includes(id)) {
      change({ expanded: expanded.filter((one) => one !== id).join() })
      return true
    }
    const members = likeNodes(graph, { ...drawing, open: new Set() }, id)
    if (!members.length) return false
    change({
      open: opened.filter((one) => !members.includes(one)).join(),
      at: at !== null && members.includes(at) ? null : at,
    })
    return true
  }
  const centre = (id: string) => change({ focus: id, expanded: null, open: null, at: null })
  return (
    <div class="graph">
      <Missing graph={graph} />
      {graph.nodes.length === roots.length && !graph.frontier.length && <p class="quiet">{words.alone}</p>}
      <Graph
        title={words.title(name)}
        picture={picture}
        params={params}
        selected={at}
        gestures={{
          onOpen: (one) => (one.members.length ? unfold(one) : change({ at: one.id })),
          onExpand: expand,
          onCollapse: (one) => fold(one.id),
          onClose: at === null ? undefined : close,
          onCentre: (one) => {
            if (one.kind !== 'group' && one.kind !== 'hidden' && !one.isAskedFor) centre(one.id)
          },
        }}
        controls={<Controls params={params} direction={direction} />}
        details={
          node &&
          thing && (
            <Details
              kind={texts.graph.kinds[thing.kind]}
              icon={iconOf(thing)}
              title={thing.title}
              onClose={close}
              actions={
                <>
                  <NodeActions node={node} />
                  {!thing.isAskedFor && thing.kind !== 'hidden' && (
                    <button type="button" onClick={() => centre(thing.id)}>
                      {words.focus}
                    </button>
                  )}
                  {thing.more && (
                    <button type="button" onClick={() => expand(thing)}>
                      {words.expand}
                    </button>
                  )}
                  {expanded.includes(thing.id) && (
                    <button type="button" onClick={() => fold(thing.id)}>
                      {words.collapse}
                    </button>
                  )}
                  {alike.length > 0 && (
                    <button type="button" onClick={() => fold(thing.id)}>
                      {texts.graph.fold(alike.length)}
                    </button>
                  )}
                </>
              }
            >
              <NodeDetails node={node} picture={picture} onOpen={(id) => change({ at: id })} />
            </Details>
          )
        }
      />
    </div>
  )
}

/** Says what is not shown, and why. */
function Missing({ graph }: { graph: Lineage }) {
  const cut = graph.frontier.length
  if (graph.complete && !cut) return null
  return (
    <p class="graph-note" role="status">
      {!graph.complete && `${words.incomplete} ${graph.reasons.join('; ')}. `}
      {cut > 0 && words.cut(cut)}
    </p>
  )
}

function Controls({ params, direction }: { params: Readonly<Record<string, string>>; direction: Direction }) {
  const { path } = useAddress()
  return (
    <>
      <nav class="joined" aria-label={words.direction}>
        {(Object.entries(words.directions) as [Direction, string][]).map(([way, title]) => (
          <a
            key={way}
            class="button"
            aria-current={way === direction ? 'true' : undefined}
            href={address(path, { ...params, direction: way, expanded: null })}
          >
            {title}
          </a>
        ))}
      </nav>
      <label>
        {words.depth}
        <select
          value={params.depth || String(DEPTH)}
          onChange={(event) => change({ depth: event.currentTarget.value, expanded: null })}
        >
          {DEPTHS.map((depth) => (
            <option key={depth} value={String(depth)}>
              {depth}
            </option>
          ))}
          <option value={ALL}>{words.allDepth}</option>
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={params.system === '1'}
          onChange={(event) => change({ system: event.currentTarget.checked ? '1' : null })}
        />
        {texts.graph.plumbing}
      </label>
      {(params.expanded || params.open) && (
        <button type="button" onClick={() => change({ expanded: null, open: null })}>
          {words.forget}
        </button>
      )}
      {params.focus && (
        <button type="button" onClick={() => change({ focus: null, expanded: null, open: null, at: null })}>
          {words.unfocus}
        </button>
      )}
    </>
  )
}

function idsOf(text: string | undefined): readonly string[] {
  return text?.split(',').filter(Boolean) ?? []
}

function idsIn(thing: Thing): readonly string[] {
  return thing.members.length ? thing.members.map((member) => member.id) : [thing.id]
}

function directionOf(text: string | undefined): Direction {
  return text === 'UPSTREAM' || text === 'DOWNSTREAM' ? text : 'BOTH'
}

function depthOf(text: string | undefined): number | null {
  if (text === ALL) return null
  const depth = Number(text)
  return Number.isInteger(depth) && depth > 0 ? depth : DEPTH
}
