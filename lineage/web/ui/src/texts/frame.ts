/** What stands around every screen, and in all of them. */
export const frame = {
  product: 'kfp-lineage',
  skip: 'Skip to the content',
  navigation: 'Screens',
  screens: {
    runs: 'Runs',
    recurring: 'Recurring runs',
    experiments: 'Experiments',
    trends: 'Trends',
    compare: 'Compare',
    artifacts: 'Artifacts',
    deployments: 'Deployments',
    audit: 'Audit',
    alerts: 'Alerts',
    sources: 'Sources',
  },
  graphiql: 'GraphiQL',
  search: 'Search',
  searchHint: 'Name, uid, uri or digest',
  theme: { auto: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' },
  liveness: {
    connecting: 'Connecting …',
    live: 'Live',
    lost: 'Connection lost, trying again',
  },
  nowhere: 'There is no such screen',
  nowhereWhy: 'The address may be from another release.',
  toRuns: 'To the runs',
}

export const states = {
  loading: 'Loading …',
  failed: 'This could not be loaded',
  unreachable: 'The server cannot be reached. Check that it runs, and that you are connected.',
  notFound: 'There is nothing of this id here, or you may not see it.',
  request: (id: string) => `Request ${id}: the server's log says more.`,
  again: 'Try again',
  trouble: 'Not up to date:',
}

export const words = {
  none: '–',
  copy: (what: string) => `Copy ${what}`,
  copied: 'Copied',
  ascending: 'ascending',
  descending: 'descending',
  sortBy: (what: string) => `Sort by ${what}`,
  previous: 'Previous',
  next: 'Next',
  pages: 'Pages',
  beginning: 'To the beginning',
  filters: 'Filters',
  clearFilters: 'Clear filters',
  noMatch: 'Nothing meets these filters',
  /** A run in a row of pictures. */
  ofRun: (phase: string, name: string, when: string | null) =>
    when ? `${phase}: ${name}, ${when}` : `${phase}: ${name}`,
  justNow: 'just now',
  minutesAgo: (minutes: number) => `${minutes} min ago`,
  hoursAgo: (hours: number) => `${hours} h ago`,
  redacted: 'redacted',
  redactedWhy: 'A secret: what stands here is a digest of it. Equal secrets have equal digests.',
  phases: {
    PENDING: 'Pending',
    RUNNING: 'Running',
    SUCCEEDED: 'Succeeded',
    FAILED: 'Failed',
    ERROR: 'Error',
    SKIPPED: 'Skipped',
    OMITTED: 'Omitted',
    UNKNOWN: 'Unknown',
  },
}
