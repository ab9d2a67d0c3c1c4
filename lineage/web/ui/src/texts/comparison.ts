/** What is said of what differs between two runs. */
export const comparison = {
  identical: 'Nothing differs, and all of it is known.',
  nothing: 'Nothing that is known of both differs.',
  causal: 'What could have changed the results',
  others: 'What differs besides',
  other: (count: number) => (count === 1 ? '1 other difference' : `${count} other differences`),
  notCompared: (count: number) =>
    count === 1 ? '1 thing is not known of both' : `${count} things are not known of both`,
  ofRun: 'the run itself',
  notThere: 'not there',
  columns: { kind: 'Kind', what: 'What', before: 'Before', after: 'After' },
  kinds: {
    SPEC: 'Spec',
    TOPOLOGY: 'Steps',
    IMAGE: 'Image',
    PARAMETER: 'Parameter',
    INPUT: 'Input',
    ENVIRONMENT: 'Environment',
    PHASE: 'Phase',
    OUTPUT: 'Output',
    METRIC: 'Metric',
  },
}
