/** The saved queries that the page asks, by the name under which the server knows each, and what they answer. */
import type * as Api from './types'

interface Asked<Variables, Answer> {
  variables: Variables
  answer: Answer
}

export interface Saved {
  'artifact-text': Asked<Api.ArtifactTextQueryVariables, Api.ArtifactTextQuery>
  layout: Asked<Api.LayoutQueryVariables, Api.LayoutQuery>
  'page-artifact': Asked<Api.PageArtifactQueryVariables, Api.PageArtifactQuery>
  'page-artifact-looks': Asked<Api.PageArtifactLooksQueryVariables, Api.PageArtifactLooksQuery>
  'page-artifact-readers': Asked<Api.PageArtifactReadersQueryVariables, Api.PageArtifactReadersQuery>
  'page-artifact-writes': Asked<Api.PageArtifactWritesQueryVariables, Api.PageArtifactWritesQuery>
  'page-choices': Asked<Api.PageChoicesQueryVariables, Api.PageChoicesQuery>
  'page-run-count': Asked<Api.PageRunCountQueryVariables, Api.PageRunCountQuery>
  'page-run-parameters': Asked<Api.PageRunParametersQueryVariables, Api.PageRunParametersQuery>
  'page-runs': Asked<Api.PageRunsQueryVariables, Api.PageRunsQuery>
  'page-search': Asked<Api.PageSearchQueryVariables, Api.PageSearchQuery>
  'page-step': Asked<Api.PageStepQueryVariables, Api.PageStepQuery>
  provenance: Asked<Api.ProvenanceQueryVariables, Api.ProvenanceQuery>
  'run-graph': Asked<Api.RunGraphQueryVariables, Api.RunGraphQuery>
}

export type Name = keyof Saved
export type Variables<N extends Name> = Saved[N]['variables']
export type Answer<N extends Name> = Saved[N]['answer']
