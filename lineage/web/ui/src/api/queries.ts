/** The saved queries that the page asks, by the name under which the server knows each, and what they answer. */
import type * as Api from './types'

interface Asked<Variables, Answer> {
  variables: Variables
  answer: Answer
}

export interface Saved {
  'page-choices': Asked<Api.PageChoicesQueryVariables, Api.PageChoicesQuery>
  'page-run': Asked<Api.PageRunQueryVariables, Api.PageRunQuery>
  'page-run-audit': Asked<Api.PageRunAuditQueryVariables, Api.PageRunAuditQuery>
  'page-run-count': Asked<Api.PageRunCountQueryVariables, Api.PageRunCountQuery>
  'page-run-events': Asked<Api.PageRunEventsQueryVariables, Api.PageRunEventsQuery>
  'page-run-logs': Asked<Api.PageRunLogsQueryVariables, Api.PageRunLogsQuery>
  'page-run-parameters': Asked<Api.PageRunParametersQueryVariables, Api.PageRunParametersQuery>
  'page-run-raw': Asked<Api.PageRunRawQueryVariables, Api.PageRunRawQuery>
  'page-run-reports': Asked<Api.PageRunReportsQueryVariables, Api.PageRunReportsQuery>
  'page-run-rerun': Asked<Api.PageRunRerunQueryVariables, Api.PageRunRerunQuery>
  'page-run-spec': Asked<Api.PageRunSpecQueryVariables, Api.PageRunSpecQuery>
  'page-run-steps': Asked<Api.PageRunStepsQueryVariables, Api.PageRunStepsQuery>
  'page-runs': Asked<Api.PageRunsQueryVariables, Api.PageRunsQuery>
  'page-search': Asked<Api.PageSearchQueryVariables, Api.PageSearchQuery>
}

export type Name = keyof Saved
export type Variables<N extends Name> = Saved[N]['variables']
export type Answer<N extends Name> = Saved[N]['answer']
