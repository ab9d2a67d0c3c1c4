import { expect, test } from 'vitest'
import { type Step, type StepGraph, stepsPicture, withoutPlumbing } from '../src/graph/steps'

function step(id: string, more: Partial<Step> = {}): Step {
  return {
    id,
    displayName: id,
    kind: 'POD',
    phase: 'SUCCEEDED',
    cached: false,
    system: false,
    iteration: null,
    attempt: 0,
    template: id,
    durationSeconds: 1,
    ...more,
  }
}

function graph(executions: readonly Step[], ...links: string[]): StepGraph {
  return {
    executions,
    links: links.map((link) => {
      const [source = '', target = ''] = link.split('>')
      return { source, target }
    }),
  }
}

const told = ({
  things,
  links,
}: {
  things: readonly { id: string }[]
  links: readonly { source: string; target: string }[]
}) => [things.map((thing) => thing.id), links.map(({ source, target }) => `${source}>${target}`)]

test('links lead through plumbing that is hidden, once', () => {
  const plumbing = { system: true }
  const drawn = withoutPlumbing(
    graph([step('a'), step('d', plumbing), step('e', plumbing), step('b')], 'a>d', 'd>e', 'e>b', 'd>b', 'a>b'),
  )
  expect(drawn.executions.map(({ id }) => id)).toEqual(['a', 'b'])
  expect(drawn.links).toEqual([{ source: 'a', target: 'b' }])
})

const ITERATIONS = [0, 1, 2, 3, 4, 5]
/** `load`, then six iterations of `prepare` and `train`, of which the last has not come to `train`, then `collect`. */
const LOOP = graph(
  [
    step('load'),
    ...ITERATIONS.map((i) =>
      step(`prepare-${i}`, { displayName: `prepare(${i}:x)`, template: 'prepare', iteration: i }),
    ),
    ...ITERATIONS.slice(1).map((i) =>
      step(`train-${i}`, {
        template: 'train',
        displayName: 'train',
        iteration: i,
        phase: i === 1 ? 'FAILED' : 'RUNNING',
      }),
    ),
    step('collect'),
  ],
  ...ITERATIONS.map((i) => `load>prepare-${i}`),
  ...ITERATIONS.slice(1).flatMap((i) => [`prepare-${i}>train-${i}`, `train-${i}>collect`]),
)

test('the iterations of a loop are a node a step, also while some are not as far as others', () => {
  expect(told(stepsPicture(LOOP, false, new Set()))).toEqual([
    ['load', 'group:prepare-0', 'group:train-1', 'collect'],
    ['load>group:prepare-0', 'group:prepare-0>group:train-1', 'group:train-1>collect'],
  ])
})

test('a group says how many of its members came to which phase, what is wrong first', () => {
  const train = stepsPicture(LOOP, false, new Set()).things[2]
  expect(train?.marks.map(({ word, count }) => `${count} ${word}`)).toEqual(['1 Failed', '4 Running'])
  expect(train?.subtitle).toBe('5 iterations')
})

test('a group is unfolded by any of its members', () => {
  const [things = []] = told(stepsPicture(LOOP, false, new Set(['train-3'])))
  expect(things).toEqual(['load', 'group:prepare-0', 'train-1', 'train-2', 'train-3', 'train-4', 'train-5', 'collect'])
})

test('steps of one template fold where their neighbours are alike, and never where one follows the other', () => {
  const fan = ITERATIONS.map((i) => step(`w${i}`, { template: 'work' }))
  const chain = ITERATIONS.map((i) => step(`c${i}`, { template: 'again' }))
  const drawn = stepsPicture(
    graph(
      [step('a'), ...fan, ...chain],
      ...ITERATIONS.map((i) => `a>w${i}`),
      ...ITERATIONS.slice(1).map((i) => `c${i - 1}>c${i}`),
    ),
    false,
    new Set(),
  )
  expect(told(drawn)[0]).toEqual(['a', 'group:w0', ...chain.map(({ id }) => id)])
})

test('four alike are not folded', () => {
  expect(
    stepsPicture(graph(['a', 'b', 'c', 'd'].map((id) => step(id, { template: 't' }))), false, new Set()).things,
  ).toHaveLength(4)
})
