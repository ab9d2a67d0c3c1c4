/** The saved queries that the page asks, by the name under which the server knows each, and what they answer. */
import type * as Api from './types'

interface Asked<Variables, Answer> {
  variables: Variables
  answer: Answer
}

export interface Saved {
  'artifact-text': Asked<Api.ArtifactTextQueryVariables, Api.ArtifactTextQuery>
  'page-alerts': Asked<Api.PageAlertsQueryVariables, Api.PageAlertsQuery>
  'page-artifact-count': Asked<Api.PageArtifactCountQueryVariables, Api.PageArtifactCountQuery>
  'page-artifacts': Asked<Api.PageArtifactsQueryVariables, Api.PageArtifactsQuery>
  'page-audits': Asked<Api.PageAuditsQueryVariables, Api.PageAuditsQuery>
  'page-behind': Asked<Api.PageBehindQueryVariables, Api.PageBehindQuery>
  layout: Asked<Api.LayoutQueryVariables, Api.LayoutQuery>
  'page-artifact': Asked<Api.PageArtifactQueryVariables, Api.PageArtifactQuery>
  'page-artifact-looks': Asked<Api.PageArtifactLooksQueryVariables, Api.PageArtifactLooksQuery>
  'page-artifact-readers': Asked<Api.PageArtifactReadersQueryVariables, Api.PageArtifactReadersQuery>
  'page-artifact-writes': Asked<Api.PageArtifactWritesQueryVariables, Api.PageArtifactWritesQuery>
  'page-choices': Asked<Api.PageChoicesQueryVariables, Api.PageChoicesQuery>
  'page-compare': Asked<Api.PageCompareQueryVariables, Api.PageCompareQuery>
  'page-compare-plots': Asked<Api.PageComparePlotsQueryVariables, Api.PageComparePlotsQuery>
  'page-deployment': Asked<Api.PageDeploymentQueryVariables, Api.PageDeploymentQuery>
  'page-deployments': Asked<Api.PageDeploymentsQueryVariables, Api.PageDeploymentsQuery>
  'page-directions': Asked<Api.PageDirectionsQueryVariables, Api.PageDirectionsQuery>
  'page-experiments': Asked<Api.PageExperimentsQueryVariables, Api.PageExperimentsQuery>
  'page-known': Asked<Api.PageKnownQueryVariables, Api.PageKnownQuery>
  'page-nondeterminism': Asked<Api.PageNondeterminismQueryVariables, Api.PageNondeterminismQuery>
  'page-recurring-due': Asked<Api.PageRecurringDueQueryVariables, Api.PageRecurringDueQuery>
  'page-recurring-run': Asked<Api.PageRecurringRunQueryVariables, Api.PageRecurringRunQuery>
  'page-recurring-runs': Asked<Api.PageRecurringRunsQueryVariables, Api.PageRecurringRunsQuery>
  'page-rejected': Asked<Api.PageRejectedQueryVariables, Api.PageRejectedQuery>
  'page-rejected-event': Asked<Api.PageRejectedEventQueryVariables, Api.PageRejectedEventQuery>
  'page-run': Asked<Api.PageRunQueryVariables, Api.PageRunQuery>
  'page-run-audit': Asked<Api.PageRunAuditQueryVariables, Api.PageRunAuditQuery>
  'page-run-count': Asked<Api.PageRunCountQueryVariables, Api.PageRunCountQuery>
  'page-run-diff': Asked<Api.PageRunDiffQueryVariables, Api.PageRunDiffQuery>
  'page-run-events': Asked<Api.PageRunEventsQueryVariables, Api.PageRunEventsQuery>
  'page-run-logs': Asked<Api.PageRunLogsQueryVariables, Api.PageRunLogsQuery>
  'page-run-values': Asked<Api.PageRunValuesQueryVariables, Api.PageRunValuesQuery>
  'page-run-raw': Asked<Api.PageRunRawQueryVariables, Api.PageRunRawQuery>
  'page-run-reports': Asked<Api.PageRunReportsQueryVariables, Api.PageRunReportsQuery>
  'page-run-rerun': Asked<Api.PageRunRerunQueryVariables, Api.PageRunRerunQuery>
  'page-run-spec': Asked<Api.PageRunSpecQueryVariables, Api.PageRunSpecQuery>
  'page-run-steps': Asked<Api.PageRunStepsQueryVariables, Api.PageRunStepsQuery>
  'page-runs': Asked<Api.PageRunsQueryVariables, Api.PageRunsQuery>
  'page-search': Asked<Api.PageSearchQueryVariables, Api.PageSearchQuery>
  'page-slots': Asked<Api.PageSlotsQueryVariables, Api.PageSlotsQuery>
  'page-sources': Asked<Api.PageSourcesQueryVariables, Api.PageSourcesQuery>
  'page-specs': Asked<Api.PageSpecsQueryVariables, Api.PageSpecsQuery>
  'page-subjects': Asked<Api.PageSubjectsQueryVariables, Api.PageSubjectsQuery>
  'page-trend': Asked<Api.PageTrendQueryVariables, Api.PageTrendQuery>
  'page-trend-choices': Asked<Api.PageTrendChoicesQueryVariables, Api.PageTrendChoicesQuery>
  'page-trend-point': Asked<Api.PageTrendPointQueryVariables, Api.PageTrendPointQuery>
  'page-trends': Asked<Api.PageTrendsQueryVariables, Api.PageTrendsQuery>
  'page-step': Asked<Api.PageStepQueryVariables, Api.PageStepQuery>
  provenance: Asked<Api.ProvenanceQueryVariables, Api.ProvenanceQuery>
  'run-graph': Asked<Api.RunGraphQueryVariables, Api.RunGraphQuery>
}

export type Name = keyof Saved
export type Variables<N extends Name> = Saved[N]['variables']
export type Answer<N extends Name> = Saved[N]['answer']
