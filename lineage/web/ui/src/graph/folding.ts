/**
 * Which nodes of a graph are alike, so that one stands for all of them: loops, fan-outs, many readers of one artifact. Pure.
 *
 * Alike are those of equal likeness whose neighbours are alike in turn, all the way: what folds so stays free of cycles,
 * as of two nodes on one path one is farther from the beginning.
 */
export interface Foldable {
  readonly id: string
  /** What is compared first: nodes of different likeness are never alike. */
  readonly likeness: string
  /** Of an iteration of a loop: some do not come to every step, so what follows says nothing. */
  readonly isIteration: boolean
}

export interface Pair {
  readonly source: string
  readonly target: string
}

export const FEWEST = 5 // fewer are seen as quickly as a number is read

/**
 * List the groups of at least `FEWEST` nodes that are alike, in the order of their first members. A group is left out
 * while one of its members is open.
 */
export function groups(
  nodes: readonly Foldable[],
  links: readonly Pair[],
  open: ReadonlySet<string> = new Set(),
): readonly (readonly string[])[] {
  const classes = alike(nodes, links)
  const members = new Map<number, string[]>()
  nodes.forEach(({ id }, at) => {
    const of = classes[at] as number
    const found = members.get(of)
    if (found) found.push(id)
    else members.set(of, [id])
  })
  return [...members.values()].filter((ids) => ids.length >= FEWEST && !ids.some((id) => open.has(id)))
}

/** Lead links between nodes to those that stand for them; each is named once, and none leads to itself. */
export function led<L extends Pair>(links: readonly L[], standing: ReadonlyMap<string, string>): readonly L[] {
  const found = new Map<string, L>()
  for (const link of links) {
    const source = standing.get(link.source) ?? link.source
    const target = standing.get(link.target) ?? link.target
    const key = `${source} ${target}`
    if (source !== target && !found.has(key)) found.set(key, { ...link, source, target })
  }
  return [...found.values()]
}

/** Give each node the number of its class: begin with likeness, and part what has other neighbours until nothing parts. */
function alike(nodes: readonly Foldable[], links: readonly Pair[]): readonly number[] {
  const at = new Map(nodes.map(({ id }, number) => [id, number]))
  const before: number[][] = nodes.map(() => [])
  const after: number[][] = nodes.map(() => [])
  for (const link of links) {
    const source = at.get(link.source)
    const target = at.get(link.target)
    if (source === undefined || target === undefined) continue
    after[source]?.push(target)
    before[target]?.push(source)
  }
  let [classes, count] = numbered(nodes.map((node) => `${node.isIteration} ${node.likeness}`))
  for (;;) {
    const now = classes
    const beside = (neighbours: readonly number[] | undefined) =>
      [...new Set(neighbours?.map((node) => now[node]))].sort().join()
    const [next, parts] = numbered(
      nodes.map((node, i) => `${now[i]}<${beside(before[i])}>${node.isIteration ? '' : beside(after[i])}`),
    )
    if (parts === count) return classes
    classes = next
    count = parts
  }
}

function numbered(names: readonly string[]): [readonly number[], number] {
  const numbers = new Map<string, number>()
  const found = names.map((name) => {
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    return number
  })
  return [found, numbers.size]
}
