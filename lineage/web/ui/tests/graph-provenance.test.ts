import { expect, test } from 'vitest'
import { joined, type Lineage, type Node, provenancePicture } from '../src/graph/provenance'

function artifact(id: string): Node {
  return {
    __typename: 'Artifact',
    id,
    name: id,
    uri: `s3://b/${id}`,
    type: null,
    state: 'UNVERIFIED',
    digest: null,
    contentDigest: null,
    createdAt: null,
    sizeBytes: null,
    producer: null,
  }
}

function execution(id: string, displayName = id): Node {
  return {
    __typename: 'Execution',
    id,
    name: id,
    displayName,
    phase: 'SUCCEEDED',
    cached: false,
    system: false,
    startedAt: null,
    finishedAt: null,
    run: { id: `run of ${id}`, displayName: id, namespace: 'n' },
  }
}

function lineage(nodes: readonly Node[], edges: readonly string[], more: Partial<Lineage> = {}): Lineage {
  return {
    depth: 1,
    complete: true,
    reasons: [],
    frontier: [],
    nodes,
    edges: edges.map((edge) => {
      const [source = '', target = ''] = edge.split('>')
      return { source, target, role: 'USED' as const, name: 'x', inferred: false }
    }),
    starts: [],
    copies: [],
    ...more,
  }
}

const drawing = { roots: ['a'], direction: 'BOTH' as const, expanded: new Set<string>(), open: new Set<string>() }

test('what was expanded is no longer cut off, and what it brought is, unless the first graph lies around it', () => {
  const first = lineage([artifact('a'), execution('e'), artifact('b')], ['a>e', 'e>b'], { frontier: ['b'] })
  const around = lineage([artifact('b'), execution('e'), execution('f')], ['e>b', 'b>f'], { frontier: ['e', 'f'] })
  const graph = joined(first, around, new Set(['b']))
  expect(graph.frontier).toEqual(['f'])
  expect(graph.nodes.map(({ id }) => id)).toEqual(['a', 'e', 'b', 'f'])
  expect(graph.edges).toHaveLength(3)
})

test('why anything is missing is said of both, once', () => {
  const missing = { complete: false, reasons: ['some are hidden'] }
  const graph = joined(lineage([artifact('a')], [], missing), lineage([artifact('b')], [], missing), new Set())
  expect(graph).toMatchObject({ complete: false, reasons: ['some are hidden'] })
})

test('a depth is the reason for nothing once all that it cut off is expanded', () => {
  const cut = { complete: false, frontier: ['b'], reasons: ['there is more beyond the depth of 1'] }
  const first = lineage([artifact('a'), artifact('b')], ['a>b'], cut)
  const graph = joined(
    first,
    lineage([artifact('b'), artifact('a')], ['a>b'], { ...cut, frontier: ['a'] }),
    new Set(['b']),
  )
  expect(graph).toMatchObject({ complete: true, reasons: [], frontier: [] })
})

test('many readers of one artifact are one group, and the artifact that was asked for stands by itself', () => {
  const readers = ['1', '2', '3', '4', '5'].map((id) => execution(id, `train(${id}:x)`))
  const picture = provenancePicture(
    lineage(
      [artifact('a'), ...readers],
      readers.map(({ id }) => `a>${id}`),
    ),
    drawing,
  )
  expect(picture.things.map(({ id, title, isAskedFor }) => [id, title, isAskedFor])).toEqual([
    ['a', 'a', true],
    ['group:1', 'train', false],
  ])
  expect(picture.links.map(({ source, target }) => [source, target])).toEqual([['a', 'group:1']])
})

test('several things said of two nodes are one link, dashed only if none of them was recorded', () => {
  const graph = lineage([artifact('a'), execution('e')], ['a>e'])
  const [edge] = graph.edges
  if (!edge) throw new Error('there is one')
  const picture = provenancePicture({ ...graph, edges: [edge, { ...edge, name: 'y', inferred: true }] }, drawing)
  expect(picture.links).toEqual([
    { source: 'a', target: 'e', label: 'read as x, read as y (inferred)', isInferred: false },
  ])
})

test('a run that was asked for stands for its executions', () => {
  const picture = provenancePicture(lineage([execution('e')], []), { ...drawing, roots: ['run of e'] })
  expect(picture.things[0]?.isAskedFor).toBe(true)
})
