import { describe, expect, it } from 'vitest'
import { brief } from '../src/comparison/brief'
import type { Diff } from '../src/comparison/differences'
import { namedBy } from '../src/screens/compare/adding'
import { reachOf } from '../src/screens/compare/bars'
import { differenceOf, differing, inOrder, type Run, sectionsOf } from '../src/screens/compare/rows'
import { hunksOf } from '../src/screens/compare/spec-diff'

type Step = Run['executions']['nodes'][number]

function run(id: string, more: Partial<Run> = {}): Run {
  return {
    __typename: 'Run',
    id,
    uid: null,
    name: id,
    displayName: id,
    kind: 'Workflow',
    namespace: 'team-a',
    cluster: 'c',
    phase: 'SUCCEEDED',
    createdAt: null,
    startedAt: null,
    durationSeconds: null,
    experiment: null,
    recurringRun: null,
    pipelineVersion: null,
    parameters: [],
    metrics: [],
    executions: { nodes: [], pageInfo: { hasNextPage: false } },
    ...more,
  }
}

function step(displayName: string, more: Partial<Step> = {}): Step {
  return {
    id: displayName,
    displayName,
    iteration: null,
    phase: 'SUCCEEDED',
    cached: false,
    system: false,
    superseded: false,
    durationSeconds: null,
    images: [],
    inputs: [],
    outputs: [],
    ...more,
  }
}

function withSteps(id: string, ...nodes: Step[]): Run {
  return run(id, { executions: { nodes, pageInfo: { hasNextPage: false } } })
}

function metric(name: string, value: number) {
  return { name, value, special: null, percentage: false, source: 'outputs.parameters' }
}

function artifact(uri: string, digest: string | null) {
  return { name: 'data', artifact: { id: uri, uri, digest, contentDigest: null } }
}

describe('runs side by side', () => {
  it('have a row for each parameter that any of them has, and a hole where one has none', () => {
    const one = run('1', { parameters: [{ name: 'rate', value: '0.1', redacted: false }] })
    const { parameters } = sectionsOf([one, run('2')], [], new Map())
    expect(parameters.map((row) => [row.name, row.cells.map((cell) => cell?.text)])).toEqual([
      ['rate', ['0.1', undefined]],
    ])
  })

  it('show only what differs, unless all is asked for', () => {
    const given = (rate: string) => [
      { name: 'rate', value: rate, redacted: false },
      { name: 'seed', value: '1', redacted: false },
    ]
    const all = sectionsOf([run('1', { parameters: given('1') }), run('2', { parameters: given('2') })], [], new Map())
    expect(all.parameters.map((row) => row.name)).toEqual(['rate', 'seed'])
    expect(differing(all).parameters.map((row) => row.name)).toEqual(['rate'])
    expect(differing(all).overview).toEqual([])
  })

  it('are better or worse only where somebody knows which way is better', () => {
    const runs = [run('1', { metrics: [metric('auc', 0.8)] }), run('2', { metrics: [metric('auc', 0.9)] })]
    const told = (direction: 'HIGHER' | 'LOWER' | 'UNKNOWN') => {
      const [row] = sectionsOf(runs, [], new Map([['auc', direction]])).metrics
      return row && differenceOf(row, row.cells[1] ?? null)?.is
    }
    expect([told('HIGHER'), told('LOWER'), told('UNKNOWN')]).toEqual(['better', 'worse', null])
  })

  it('have the same input where its content is the same, wherever it lies', () => {
    const reads = (uri: string, digest: string | null) =>
      withSteps(uri, step('train', { inputs: [artifact(uri, digest)] }))
    const same = sectionsOf([reads('s3://a', 'sha256:1'), reads('s3://b', 'sha256:1')], [], new Map())
    expect(differing(same).inputs).toEqual([])
    const unknown = sectionsOf([reads('s3://a', null), reads('s3://b', null)], [], new Map())
    expect(differing(unknown).inputs[0]?.cells[0]?.note).toBe('content not known')
  })

  it('leave plumbing and replaced attempts out', () => {
    const of = withSteps(
      '1',
      step('driver', { system: true, durationSeconds: 1 }),
      step('train', { superseded: true, durationSeconds: 2 }),
      step('train', { durationSeconds: 3 }),
    )
    expect(sectionsOf([of], [], new Map()).timing.map((row) => row.cells[0]?.number)).toEqual([3])
  })

  it('have what the API tells of their environment; who is not named there has what the baseline has', () => {
    const diff = (after: string | null): Diff => ({
      identical: false,
      notCompared: [],
      changes: after
        ? [
            {
              kind: 'ENVIRONMENT',
              step: 'train',
              steps: [],
              path: 'env[SEED]',
              before: '1',
              after,
              causal: true,
              detail: null,
            },
          ]
        : [],
    })
    const { environment } = sectionsOf([run('1'), run('2'), run('3')], [diff('2'), diff(null)], new Map())
    expect(environment.map((row) => row.cells.map((cell) => cell?.text))).toEqual([['1', '2', '1']])
  })

  it('begin with the baseline', () => {
    expect(inOrder(['1', '2', '3'], '2')).toEqual(['2', '1', '3'])
    expect(inOrder(['1', '2'], 'gone')).toEqual(['1', '2'])
    expect(inOrder([], '1')).toEqual([])
  })
})

it('bars begin at zero, also where all values are below it', () => {
  const [row] = sectionsOf([run('1', { metrics: [metric('gain', -4)] })], [], new Map()).metrics
  expect(row && reachOf(row)).toEqual({ from: -4, to: 0 })
})

it('a unified diff has the lines around a difference; of texts that have nothing in common there is none', () => {
  const lines = (count: number, word: string) => Array.from({ length: count }, (_, at) => `${word} ${at}\n`).join('')
  const before = lines(20, 'line')
  const [hunk] = hunksOf(before, before.replace('line 9\n', 'other\n')) ?? []
  expect(hunk?.lines).toEqual([
    ' line 6',
    ' line 7',
    ' line 8',
    '-line 9',
    '+other',
    ' line 10',
    ' line 11',
    ' line 12',
  ])
  expect(hunksOf(before, before)).toEqual([])
  expect(hunksOf(lines(5_000, 'old'), lines(5_000, 'new'))).toBeNull()
})

it('digests are shortened, and what stands around them stays', () => {
  expect(brief(`train@sha256:${'ab'.repeat(32)}!`)).toBe('train@sha256:abababababab…!')
})

it('runs are found by any of several ids or names', () => {
  expect(namedBy('one, WyJSdW4iLCJ1MCJd').or?.slice(1, 3)).toEqual([
    { id: { in: ['WyJSdW4iLCJ1MCJd'] } },
    { uid: { in: ['one', 'WyJSdW4iLCJ1MCJd'] } },
  ])
})
