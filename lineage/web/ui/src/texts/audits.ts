export const audits = {
  title: 'Audit',
  tiers: 'Runs by tier',
  nondeterminism: 'Nondeterminism',
  onThisPage: 'Tiers of the runs on this page',
  ofThisPage: (runs: number) => (runs === 1 ? 'of the run on this page' : `of the ${runs} runs on this page`),
  auditing: (done: number, all: number) => `${done} of ${all} audited …`,
  trouble: (reason: string) => `Not all could be audited. ${reason}`,
  pending: '…',
  nothingAbove: 'It is at the top.',
  blocks: (tier: string) => `What blocks ${tier}`,
  more: (count: number) => `and ${count} more`,
  column: {
    run: 'Run',
    tier: 'Tier',
    next: 'What blocks the next',
    repeated: 'Repeated',
    phase: 'Phase',
    pipeline: 'Pipeline',
    started: 'Started',
  },
  unlike: {
    empty: 'Nothing is known not to be deterministic',
    emptyWhy: 'Wherever the same step ran the same on the same data more than once, the same came out.',
    unsettled: (runs: number) =>
      runs === 1
        ? '1 run that has ended is not compared yet.'
        : `${runs.toLocaleString()} runs that have ended are not compared yet.`,
    of: 'of',
    compared: (count: number) => `${count} executions ran the same on the same data, and did not agree.`,
    comparedNewest: (count: number) =>
      `The ${count} newest of many executions ran the same on the same data, and did not agree.`,
    lastly: 'The last started',
    resultsOf: (step: string) => `What came out of ${step}`,
    fingerprint: 'Fingerprint',
    output: 'Output',
    kind: 'Kind',
    parameter: 'parameter',
    artifact: 'artifact',
    value: 'What came out',
    times: 'Times',
    newest: 'The newest run of these',
  },
}
