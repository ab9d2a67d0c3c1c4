import { expect, test } from 'vitest'
import { lifeOf } from '../src/screens/run/life'

type Told = Parameters<typeof lifeOf>[0][number]
type Step = Told['executions']['nodes'][number]

const STEP: Step = {
  id: 'step',
  displayName: 'train',
  attempt: 1,
  phase: 'FAILED',
  message: 'no memory',
  cached: false,
  superseded: true,
  startedAt: '2026-01-05T08:01:00Z',
  finishedAt: '2026-01-05T08:03:00Z',
  pods: [],
  turns: [],
}

function told(...steps: Step[]): Told {
  return {
    __typename: 'Run',
    id: 'run',
    displayName: 'nightly',
    phase: 'FAILED',
    message: null,
    createdAt: '2026-01-05T08:00:10Z',
    scheduledAt: '2026-01-05T08:00:00Z',
    startedAt: '2026-01-05T08:00:10Z',
    finishedAt: '2026-01-05T08:05:00Z',
    workflows: [],
    executions: { nodes: steps, pageInfo: { hasNextPage: false, endCursor: null } },
  }
}

test('what happened is told in the order of time, and at one time in that of cause and effect', () => {
  const events = lifeOf([told(STEP)])
  expect(events.map(({ what }) => what)).toEqual([
    'was due',
    'was created',
    'started',
    'Step started',
    'Step ended',
    'ended',
  ])
})

test('the end of a step says how, and that another took its place', () => {
  const [end] = lifeOf([told(STEP)]).filter(({ what }) => what === 'Step ended')
  expect(end).toMatchObject({
    subject: 'train (attempt 2)',
    step: 'step',
    phase: 'FAILED',
    note: 'no memory, replaced by a later attempt',
  })
})

test('steps of all pages count, the run once', () => {
  const events = lifeOf([told(STEP), told({ ...STEP, id: 'other', displayName: 'evaluate', finishedAt: null })])
  expect(events.filter(({ what }) => what === 'started')).toHaveLength(1)
  expect(events.filter(({ what }) => what === 'Step started')).toHaveLength(2)
})
