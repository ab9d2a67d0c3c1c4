import type { Answer } from '../../api/queries'

/** What is known of a run, at a glance. */
export type KnownRun = Extract<Answer<'page-run'>['node'], { __typename: 'Run' }>
