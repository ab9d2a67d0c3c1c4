import { expect, test } from 'vitest'
import { subjectOf } from '../src/screens/alerts/subject'
import { whereOf } from '../src/screens/artifacts/where'
import { type Audit, type Check, countsOf, nextOf } from '../src/screens/audit/blockers'
import { behindOf } from '../src/screens/deployments/behind'
import { changesBetween, editsOf, type Spec } from '../src/screens/recurring/edits'
import { scheduleText } from '../src/screens/recurring/schedule'
import { lastsSeconds } from '../src/screens/sources/source'

// ------------------------------------------------------------------------------------------ recurring runs
const SPEC: Spec = {
  enabled: true,
  schedules: ['0 3 * * *'],
  timezone: null,
  startsAt: null,
  endsAt: null,
  maxConcurrency: null,
  catchup: null,
  concurrencyPolicy: 'Forbid',
  startingDeadlineSeconds: null,
  when: null,
  stopStrategy: null,
  parameters: [{ name: 'rows', value: '1000', redacted: false }],
  pipelineName: null,
  pipelineVersionId: null,
  textDigest: null,
}

test.each([
  ['PT2H', 'every 2 h'],
  ['PT1H30M', 'every 1 h 30 m'],
  ['PT90S', 'every 90 s'],
  ['0 3 * * *', '0 3 * * *'],
])('the schedule %s is read as %s', (schedule, text) => {
  expect(scheduleText(schedule)).toBe(text)
})

test('an edit tells what it changed, took away and added, and nothing else', () => {
  const after: Spec = {
    ...SPEC,
    enabled: false,
    concurrencyPolicy: null,
    parameters: [{ name: 'rows', value: '2000', redacted: false }],
  }
  expect(changesBetween(SPEC, after)).toEqual([
    { what: 'Enabled', before: 'yes', after: 'no' },
    { what: 'Concurrency policy', before: 'Forbid', after: null },
    { what: 'Parameter rows', before: '1000', after: '2000' },
  ])
})

test('edits come the newest first; of the first nobody knows what it changed', () => {
  const edits = editsOf([
    { since: '2026-01-01T00:00:00Z', told: true, spec: SPEC },
    { since: '2026-02-01T00:00:00Z', told: false, spec: SPEC },
  ])
  expect(edits.map(({ since, changes }) => [since.slice(5, 7), changes])).toEqual([
    ['02', []],
    ['01', null],
  ])
})

// ------------------------------------------------------------------------------------------ artifacts
test('the beginning of a digest is looked for with or without the name of its algorithm', () => {
  expect(whereOf({ digest: '9F86D0' })).toEqual({ digest: { startsWith: 'sha256:9f86d0' } })
  expect(whereOf({ digest: 'md5:9f' })).toEqual({ digest: { startsWith: 'md5:9f' } })
  expect(whereOf({ origin: 'run', state: 'MISSING' })).toEqual({ external: false, state: 'MISSING' })
})

// ------------------------------------------------------------------------------------------ audits
function check(id: string, more: Partial<Check>): Check {
  return { id, title: id, verdict: 'PASS', blocks: 'RE_EXECUTABLE', reason: '', ...more }
}

function audit(tier: Audit['tier'], ...checks: Check[]): Audit {
  return { tier, repeated: 'UNKNOWN', checks }
}

test('what blocks the next tier does not pass, and what failed stands ahead of what is not known', () => {
  const found = nextOf(
    audit(
      'TRACEABLE',
      check('K-04', { verdict: 'UNKNOWN' }),
      check('K-03', { verdict: 'FAIL' }),
      check('K-05', {}),
      check('D-05', { verdict: 'NOT_APPLICABLE' }),
      check('R-01', { verdict: 'FAIL', blocks: 'VERIFIED' }),
      check('D-02', { verdict: 'WAIVED' }),
    ),
  )
  expect([found?.tier, found?.blockers.map(({ id }) => id)]).toEqual(['RE_EXECUTABLE', ['K-03', 'K-04', 'D-02']])
  expect(nextOf(audit('VERIFIED'))).toBeNull()
})

test('tiers are counted, the highest first, and what could not be audited is none', () => {
  expect(countsOf([audit('NONE'), null, audit('VERIFIED'), audit('NONE')])).toEqual([
    ['VERIFIED', 1],
    ['NONE', 2],
  ])
})

// ------------------------------------------------------------------------------------------ deployments, sources, alerts
test('behind a deployment are the runs of its steps, once each, and what nobody is known to have written', () => {
  const run = (id: string, startedAt: string | null) => ({
    id,
    displayName: id,
    phase: 'SUCCEEDED' as const,
    startedAt,
  })
  const artifact = { __typename: 'Artifact' as const, name: 'x', uri: null, state: 'PRESENT' as const, createdAt: null }
  const { runs, outside } = behindOf({
    complete: true,
    reasons: [],
    nodes: [
      { __typename: 'Deployment' },
      { __typename: 'Execution', id: '1', run: run('old', '2026-01-01T00:00:00Z') },
      { __typename: 'Execution', id: '2', run: run('new', '2026-01-02T00:00:00Z') },
      { __typename: 'Execution', id: '3', run: run('old', '2026-01-01T00:00:00Z') },
      { ...artifact, id: 'made', producer: { id: '1' } },
      { ...artifact, id: 'given', producer: null },
    ],
  })
  expect([runs.map(({ id }) => id), outside.map(({ id }) => id)]).toEqual([['new', 'old'], ['given']])
})

test('a gap that nobody has ended has no length', () => {
  const gap = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:01:30Z', reason: '', created: 0, changed: 0, gone: 0 }
  expect([lastsSeconds(gap), lastsSeconds({ ...gap, to: null })]).toEqual([90, null])
})

test('an alert leads to its run, or to what was due', () => {
  expect(subjectOf({ kind: 'FAILED_RUN', subject: 'r' })).toEqual(['runs', 'r'])
  expect(subjectOf({ kind: 'MISSED_SLOT', subject: 's' })).toEqual(['recurring', 's'])
})
