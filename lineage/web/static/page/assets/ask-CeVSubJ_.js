import{M as e,v as t}from"./index-_73Ql3_K.js";import{n,t as r}from"./texts-Iay8ikQ1.js";var i=Object.entries(Object.assign({"../../../../../../graphql/queries/alerts.graphql":`# What did rules find last, and was it sent?
query Alerts($first: Int = 20, $after: String) {
  alerts(first: $first, after: $after) {
    totalCount
    nodes {
      key
      rule
      kind
      subject
      cluster
      namespace
      at
      foundAt
      says
      data
      state
      tried
      sentAt
      nextTryAt
      failure
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/artifact-history.graphql":`# What became of an artifact, and what did each look at it say? Give its uri or its id.
query ArtifactHistory($uri: String! = "", $ids: [ID!]! = [], $first: Int = 20) {
  artifacts(
    first: $first
    where: { or: [{ uri: { eq: $uri } }, { id: { in: $ids } }] }
    orderBy: [{ field: CREATED_AT, direction: DESC }]
  ) {
    totalCount
    nodes {
      id
      name
      type
      uri
      state
      sizeBytes
      digest
      contentDigest
      createdAt
      metadata
      producer {
        displayName
        run {
          displayName
        }
      }
      history(first: 20) {
        totalCount
        nodes {
          at
          state
          sizeBytes
          digest
          version
          evidence
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/artifact-text.graphql":`# What does an artifact hold, such as the log of a step, a report or a table? Give its id.
query ArtifactText($id: ID!, $first: Int = 65536) {
  node(id: $id) {
    __typename
    ... on Artifact {
      id
      name
      type
      uri
      state
      text(first: $first) {
        text
        complete
        sizeBytes
        reason
      }
    }
  }
}
`,"../../../../../../graphql/queries/artifacts.graphql":`# Which artifacts have this text in their name or uri, who wrote them, and who read them?
query Artifacts($text: String! = "model", $first: Int = 20) {
  artifacts(
    first: $first
    where: { or: [{ name: { contains: $text } }, { uri: { contains: $text } }] }
    orderBy: [{ field: CREATED_AT, direction: DESC }]
  ) {
    totalCount
    nodes {
      id
      name
      uri
      digest
      createdAt
      producer {
        displayName
        run {
          uid
          displayName
        }
      }
      consumers(first: 5) {
        totalCount
        nodes {
          displayName
          run {
            displayName
          }
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/audit.graphql":`# Can a run be traced, could it be made again, and was it, with the evidence for each verdict? Give the id of a run.
query Audit($id: ID!, $policy: String, $asOf: DateTime, $images: [ImageAnswer!]) {
  audit(run: $id, policy: $policy, asOf: $asOf, images: $images) {
    tier
    repeated
    policy
    asOf
    run {
      id
      uid
      name
      displayName
      namespace
      phase
      startedAt
      finishedAt
      pipelineVersion {
        pipeline {
          name
        }
      }
      executions(where: { cached: true }, first: 100) {
        totalCount
        nodes {
          id
          displayName
          reuse {
            verdict
            reason
            ageSeconds
            imageThen
            imageNow
            source {
              id
              displayName
              run {
                id
                displayName
              }
            }
          }
        }
      }
    }
    checks {
      id
      title
      verdict
      severity
      blocks
      reason
      counts {
        verdict
        count
      }
      evidenceTotal
      evidence {
        subject
        path
        value
        observedAt
        kind
        uid
        version
      }
      remedy
    }
  }
}
`,"../../../../../../graphql/queries/behind-deployment.graphql":`# What is behind an endpoint: the runs and the data that what it serves was made from? Give the id of a deployment.
query BehindDeployment($deployment: ID!, $maxNodes: Int = 1000) {
  lineage(roots: [$deployment], direction: UPSTREAM, maxNodes: $maxNodes) {
    complete
    reasons
    nodes {
      __typename
      id
      ... on Artifact {
        uri
        digest
        producer {
          id
        }
      }
      ... on Execution {
        displayName
        run {
          id
          displayName
        }
      }
    }
    edges {
      source
      target
      role
      name
      inferred
    }
    copies {
      source
      target
    }
  }
}
`,"../../../../../../graphql/queries/cached-executions.graphql":`# Which steps were not run because their result was taken from a cache, and from which execution?
query CachedExecutions($first: Int = 50) {
  executions(
    first: $first
    where: { cached: true }
    orderBy: [{ field: STARTED_AT, direction: DESC }]
  ) {
    totalCount
    nodes {
      displayName
      startedAt
      run {
        uid
        displayName
      }
      cachedFrom {
        displayName
        startedAt
        run {
          uid
          displayName
        }
      }
      outputs {
        name
        role
        artifact {
          uri
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/deployments.graphql":`# What is served, from which write of which run, and has that been overwritten since?
query Deployments($where: DeploymentWhere, $first: Int = 50, $after: String) {
  deployments(where: $where, first: $first, after: $after, orderBy: [{ field: NAME }]) {
    totalCount
    nodes {
      id
      uid
      kind
      name
      namespace
      cluster
      url
      ready
      since
      message
      inCluster
      parent {
        name
      }
      revisions {
        component
        name
        models {
          name
          uri
          format
        }
        runtime
        writtenAt
        readyAt
        since
        until
        trafficPercent
      }
      served {
        revision
        model
        inferred
        byContent
        servedNow
        changedSince
        artifact {
          id
          uri
          state
          digest
          createdAt
          producer {
            displayName
            run {
              displayName
            }
          }
        }
        replacedBy {
          createdAt
          producer {
            displayName
            run {
              displayName
            }
          }
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/experiments.graphql":`# Which experiments are there, and what are their latest runs?
query Experiments($where: ExperimentWhere, $first: Int = 50, $after: String) {
  experiments(where: $where, first: $first, after: $after, orderBy: [{ field: NAME }]) {
    totalCount
    nodes {
      id
      name
      namespace
      cluster
      createdAt
      runs(first: 5, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
        totalCount
        nodes {
          displayName
          phase
          createdAt
          parameters {
            name
            value
          }
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/exported-runs.graphql":`# What is recorded of runs, a page after another, the oldest first: what \`lineage export runs\` writes as a table?
query ExportedRuns($where: RunWhere, $first: Int = 100, $after: String, $isFirst: Boolean = true) {
  runs(where: $where, first: $first, after: $after, orderBy: [{ field: CREATED_AT, direction: ASC }]) {
    totalCount @include(if: $isFirst)
    nodes {
      id
      uid
      displayName
      namespace
      cluster
      kind
      phase
      createdAt
      scheduledAt
      startedAt
      finishedAt
      pipelineVersion {
        digest
        pipeline {
          name
        }
      }
      experiment {
        name
      }
      recurringRun {
        name
      }
      parameters {
        name
        value
      }
      metrics {
        name
        value
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/failed-runs.graphql":`# Which runs failed, and in which steps?
query FailedRuns($first: Int = 20) {
  runs(
    first: $first
    where: { phase: { in: [FAILED, ERROR] } }
    orderBy: [{ field: CREATED_AT, direction: DESC }]
  ) {
    totalCount
    nodes {
      uid
      displayName
      namespace
      phase
      message
      finishedAt
      executions(where: { phase: { in: [FAILED, ERROR] } }) {
        nodes {
          displayName
          template
          attempt
          superseded
          phase
          exitCode
          message
          pods {
            name
            node
            reason
          }
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/find-artifacts.graphql":`# Which artifacts meet a filter, the newest write first: what lies at a uri, or has a digest?
query FindArtifacts($where: ArtifactWhere, $first: Int = 20) {
  artifacts(where: $where, first: $first, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
    totalCount
    nodes {
      id
      name
      uri
      createdAt
      producer {
        displayName
        run {
          displayName
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/find-executions.graphql":`# Which executions meet a filter, such as the steps of a run that bear a name, and what did each read and write?
query FindExecutions($where: ExecutionWhere, $first: Int = 100) {
  executions(where: $where, first: $first, orderBy: [{ field: STARTED_AT, direction: DESC }]) {
    totalCount
    nodes {
      id
      displayName
      superseded
      inputs {
        name
        artifact {
          id
        }
      }
      outputs {
        name
        artifact {
          id
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/images-of-run.graphql":`# Which images ran in a run, and by which digests? Give the id of a run.
query ImagesOfRun($id: ID!, $after: String) {
  node(id: $id) {
    ... on Run {
      executions(where: { superseded: false, system: false }, first: 100, after: $after) {
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          images {
            container
            reference
            digest
            digestKind
          }
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/images.graphql":`# Which steps ran an image with this text in its name, and which digest ran?
query Images($image: String! = "", $first: Int = 20) {
  executions(
    first: $first
    where: { image: { contains: $image } }
    orderBy: [{ field: STARTED_AT, direction: DESC }]
  ) {
    totalCount
    nodes {
      displayName
      startedAt
      run {
        uid
        displayName
      }
      images {
        container
        reference
        digest
        digestKind
      }
    }
  }
}
`,"../../../../../../graphql/queries/impact.graphql":`# Which runs, models and deployments descend from something, or from what ran an image, and began in a time window?
query Impact($roots: [ID!] = [], $image: String, $from: DateTime, $to: DateTime, $first: Int = 20) {
  impact(roots: $roots, image: $image, from: $from, to: $to, first: $first) {
    runCount
    executionCount
    artifactCount
    modelCount
    deploymentCount
    complete
    reasons
    runs {
      id
      displayName
      kind
      namespace
      phase
      createdAt
      startedAt
      pipelineVersion {
        pipeline {
          name
        }
      }
    }
    executions {
      id
      displayName
      phase
      startedAt
      run {
        id
        displayName
      }
    }
    models {
      ...Written
    }
    artifacts {
      ...Written
    }
    deployments {
      id
      kind
      name
      namespace
      ready
      inCluster
    }
  }
}

fragment Written on Artifact {
  id
  name
  uri
  digest
  type
  state
  createdAt
  producer {
    displayName
    run {
      displayName
    }
  }
}
`,"../../../../../../graphql/queries/ingestion.graphql":`# What feeds the store, is it up to date, when was nobody watching, and what could not be recorded?
query Ingestion($first: Int = 20) {
  ingestion {
    sources {
      name
      kind
      cluster
      namespace
      state
      message
      observed
      lagSeconds
      lastEventAt
      watchedUntil
      gapCount
      gaps(first: 10) {
        nodes {
          from
          to
          reason
          created
          changed
          gone
        }
      }
    }
    rejected(first: $first) {
      totalCount
      nodes {
        at
        source
        reason
        sizeBytes
        digest
      }
    }
  }
}
`,"../../../../../../graphql/queries/layout.graphql":`# Where do the boxes of a graph stand, and how do links run between them? Give boxes with their sizes, and links.
query Layout($boxes: [LayoutBox!]!, $links: [LayoutLink!]!) {
  layout(boxes: $boxes, links: $links) {
    width
    height
    boxes {
      id
      left
      top
      width
      height
    }
    routes {
      source
      target
      points
    }
  }
}
`,"../../../../../../graphql/queries/metric-over-runs.graphql":`# How did a metric go from run to run, the newest first? Give its name.
query MetricOverRuns($metric: String! = "accuracy", $first: Int = 20) {
  metricNames
  runs(
    first: $first
    where: { metric: { name: $metric, gte: -1e308 } }
    orderBy: [{ field: CREATED_AT, direction: DESC }]
  ) {
    totalCount
    nodes {
      uid
      displayName
      startedAt
      experiment {
        name
      }
      pipelineVersion {
        digest
      }
      parameters {
        name
        value
      }
      metrics {
        name
        value
        special
        step
        cached
        source
      }
    }
  }
}
`,"../../../../../../graphql/queries/metric-trends.graphql":`# How do metrics move over the runs of a scope, where did they shift, and what may have done it? All of them unless named,
# the worst first; with a parameter in \`by\`, a series for each value of it. Give the scope, such as {"namespace": "team-a"}.
query MetricTrends(
  $scope: TrendScope!
  $metrics: [String!]
  $task: String
  $by: String
  $last: Int = 1000
  $directions: String
) {
  metricTrends(scope: $scope, metrics: $metrics, task: $task, by: $by, last: $last, directions: $directions) {
    metric
    task
    split {
      parameter
      value
    }
    direction
    leastEffect
    verdict
    points {
      run {
        id
        uid
        displayName
        phase
      }
      execution {
        id
        displayName
      }
      value
      at
      scheduledAt
      cached
      outlier
      versionChanged
    }
    gaps {
      at
      scheduledAt
      reason
      missed
      run {
        id
        displayName
      }
    }
    shifts {
      at
      before {
        ...Edge
      }
      after {
        ...Edge
      }
      earliest {
        ...Edge
      }
      latest {
        ...Edge
      }
      medianBefore
      medianAfter
      relativeChange
      effect
      pValue
      verdict
      suspects {
        score
        change {
          kind
          step
          path
          before
          after
          detail
        }
      }
      notTracked
      confounded
      together
      separating
    }
    summary {
      count
      latest
      previous
      difference
      relativeDifference
      best
      median
      mad
      iqr
      min
      max
      zScore
      autocorrelation
      slopePerDay
      slopeLow
      slopeHigh
      trendPValue
      missing
      slotsMissed
      falseDiscovery
    }
    alarm {
      since {
        ...Edge
      }
      at
      rises
      runsBetweenFalse
    }
    noise {
      deviation
      groups
      count
      detectable
    }
    warnings
  }
}

fragment Edge on Run {
  id
  displayName
  startedAt
}
`,"../../../../../../graphql/queries/nondeterminism.graphql":`# Of which steps did not always the same come out, although they ran the same on the same data?
query Nondeterminism($pipeline: ID, $first: Int, $after: String) {
  nondeterminism(pipeline: $pipeline, first: $first, after: $after) {
    groups {
      fingerprint
      complete
      executions {
        id
        displayName
        template
        startedAt
        run {
          id
          displayName
          pipelineVersion {
            pipeline {
              name
            }
          }
        }
      }
      disagreements {
        output
        isParameter
        different
        results {
          value
          count
          execution {
            id
            displayName
            run {
              id
              displayName
            }
          }
        }
      }
    }
    next
    unsettled
  }
}
`,"../../../../../../graphql/queries/outside-artifacts.graphql":`# Which artifacts came from outside every recorded run, and who read them?
query OutsideArtifacts($first: Int = 50) {
  artifacts(first: $first, where: { external: true }) {
    totalCount
    nodes {
      id
      name
      uri
      consumers(first: 5) {
        totalCount
        nodes {
          displayName
          run {
            displayName
          }
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-alerts.graphql":`# What did rules find, and did whoever is to be told hear of it?
query PageAlerts($first: Int, $after: String) {
  alerts(first: $first, after: $after) {
    totalCount
    nodes {
      key
      rule
      kind
      subject
      cluster
      namespace
      at
      foundAt
      says
      state
      tried
      sentAt
      nextTryAt
      failure
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/page-artifact-count.graphql":`# How many artifacts meet a filter?
query PageArtifactCount($where: ArtifactWhere) {
  artifacts(where: $where, first: 1) {
    totalCount
  }
}
`,"../../../../../../graphql/queries/page-artifact-looks.graphql":`# What did each look at an artifact say, the newest first? Give the id of an artifact.
query PageArtifactLooks($id: ID!, $first: Int = 50, $after: String) {
  node(id: $id) {
    __typename
    ... on Artifact {
      id
      history(first: $first, after: $after) {
        totalCount
        nodes {
          at
          state
          digest
          sizeBytes
          version
          evidence
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-artifact-readers.graphql":`# Which executions read an artifact, or took it over? Give the id of an artifact.
query PageArtifactReaders($id: ID!, $first: Int = 50, $after: String) {
  node(id: $id) {
    __typename
    ... on Artifact {
      id
      consumers(first: $first, after: $after) {
        totalCount
        nodes {
          id
          displayName
          phase
          startedAt
          run {
            id
            displayName
            namespace
          }
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-artifact-writes.graphql":`# What has been written to one place, the newest first? Give a uri.
query PageArtifactWrites($uri: String! = "", $first: Int = 50) {
  artifacts(
    first: $first
    where: { uri: { eq: $uri } }
    orderBy: [{ field: CREATED_AT, direction: DESC }]
  ) {
    totalCount
    nodes {
      id
      name
      state
      digest
      contentDigest
      sizeBytes
      createdAt
      producer {
        id
        displayName
        run {
          id
          displayName
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-artifact.graphql":`# What is known of one artifact, beside its provenance? Give the id of an artifact.
query PageArtifact($id: ID!) {
  node(id: $id) {
    __typename
    ... on Artifact {
      id
      name
      type
      uri
      state
      sizeBytes
      digest
      contentDigest
      createdAt
      metadata
      producer {
        id
        displayName
        phase
        cached
        startedAt
        finishedAt
        run {
          id
          displayName
          namespace
          phase
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-artifacts.graphql":`# Which artifacts meet a filter, in an order, what became of each, and who wrote it?
query PageArtifacts(
  $where: ArtifactWhere
  $orderBy: [ArtifactOrder!]
  $first: Int
  $after: String
  $last: Int
  $before: String
) {
  artifacts(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    nodes {
      id
      name
      type
      uri
      digest
      sizeBytes
      state
      createdAt
      producer {
        id
        displayName
        run {
          id
          displayName
        }
      }
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/page-audits.graphql":`# Which tiers have these runs earned as of now, and what stands in the way of the next?
query PageAudits($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Run {
      id
      audit {
        tier
        repeated
        checks {
          id
          title
          verdict
          blocks
          reason
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-behind.graphql":`# What is behind a deployment: the runs and the outside data that what it serves came from?
query PageBehind($id: ID!, $maxNodes: Int = 1000) {
  lineage(roots: [$id], direction: UPSTREAM, maxNodes: $maxNodes) {
    complete
    reasons
    nodes {
      __typename
      ... on Execution {
        id
        run {
          id
          displayName
          phase
          startedAt
        }
      }
      ... on Artifact {
        id
        name
        uri
        state
        createdAt
        producer {
          id
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-changes.graphql":`# Which runs change from now on, or since a cursor?
subscription PageChanges($where: RunWhere, $after: String) {
  runChanged(where: $where, after: $after) {
    cursor
    run {
      id
      phase
    }
  }
}
`,"../../../../../../graphql/queries/page-choices.graphql":`# Which pipelines, experiments and recurring runs are there to choose from, by their names?
query PageChoices(
  $first: Int = 100
  $pipelinesAfter: String
  $experimentsAfter: String
  $recurringRunsAfter: String
) {
  pipelines(first: $first, after: $pipelinesAfter) {
    nodes {
      id
      name
      namespace
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
  experiments(first: $first, after: $experimentsAfter) {
    nodes {
      id
      name
      namespace
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
  recurringRuns(first: $first, after: $recurringRunsAfter) {
    nodes {
      id
      displayName
      namespace
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/page-compare-plots.graphql":`# What did the steps of these runs report that can be drawn side by side?
query PageComparePlots($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Run {
      id
      artifacts(first: 20, where: { name: { eq: "mlpipeline-ui-metadata" } }) {
        nodes {
          id
          metadata
          producer {
            id
            displayName
          }
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-compare.graphql":`# What were these runs given, what did their steps run, read and write, and what came of it: side by side?
query PageCompare($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Run {
      id
      uid
      name
      displayName
      kind
      namespace
      cluster
      phase
      createdAt
      startedAt
      durationSeconds
      experiment {
        id
        name
      }
      recurringRun {
        id
        displayName
      }
      pipelineVersion {
        id
        name
        digest
        pipeline {
          id
          name
        }
      }
      parameters {
        name
        value
        redacted
      }
      metrics {
        name
        value
        special
        percentage
        source
      }
      executions(first: 100, orderBy: [{ field: STARTED_AT }]) {
        nodes {
          id
          displayName
          iteration
          phase
          cached
          system
          superseded
          durationSeconds
          images {
            container
            reference
            digest
          }
          inputs {
            name
            artifact {
              ...Content
            }
          }
          outputs {
            name
            artifact {
              ...Content
            }
          }
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  }
}

fragment Content on Artifact {
  id
  uri
  digest
  contentDigest
}
`,"../../../../../../graphql/queries/page-deployment.graphql":`# What does a deployment serve, from which writes of which runs, what did it serve before, and was any of it overwritten since?
query PageDeployment($id: ID!) {
  node(id: $id) {
    __typename
    ... on Deployment {
      id
      uid
      kind
      name
      namespace
      cluster
      url
      ready
      since
      message
      createdAt
      inCluster
      parent {
        id
        name
      }
      revisions {
        component
        name
        models {
          name
          uri
          format
        }
        runtime
        writtenAt
        told
        readyAt
        since
        until
        trafficPercent
      }
      served {
        revision
        model
        inferred
        byContent
        servedNow
        changedSince
        artifact {
          ...Written
        }
        replacedBy {
          ...Written
        }
      }
    }
  }
}

fragment Written on Artifact {
  id
  name
  type
  uri
  digest
  state
  createdAt
  producer {
    id
    displayName
    run {
      id
      displayName
      phase
    }
  }
}
`,"../../../../../../graphql/queries/page-deployments.graphql":`# Which deployments meet a filter, can each be asked, and what does it serve now, from which run?
query PageDeployments(
  $where: DeploymentWhere
  $orderBy: [DeploymentOrder!]
  $first: Int
  $after: String
  $last: Int
  $before: String
) {
  deployments(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    nodes {
      id
      name
      kind
      namespace
      cluster
      createdAt
      ready
      since
      message
      inCluster
      served {
        revision
        model
        servedNow
        changedSince
        artifact {
          id
          name
          producer {
            id
            run {
              id
              displayName
            }
          }
        }
      }
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/page-directions.graphql":`# Which way is better, for metrics of these names?
query PageDirections($scope: TrendScope!, $metrics: [String!]!) {
  metricTrends(scope: $scope, metrics: $metrics, last: 1) {
    metric
    direction
  }
}
`,"../../../../../../graphql/queries/page-experiments.graphql":`# Which experiments meet a filter, how many runs has each, how many of them run or failed, and how did the last go?
query PageExperiments(
  $where: ExperimentWhere
  $orderBy: [ExperimentOrder!]
  $first: Int
  $after: String
  $last: Int
  $before: String
) {
  experiments(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    nodes {
      id
      name
      namespace
      cluster
      createdAt
      runs(first: 10, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
        totalCount
        nodes {
          id
          displayName
          phase
          createdAt
        }
      }
      running: runs(first: 1, where: { phase: { in: [RUNNING, PENDING] } }) {
        totalCount
      }
      failed: runs(first: 1, where: { phase: { in: [FAILED, ERROR] } }) {
        totalCount
      }
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/page-known.graphql":`# How much of each kind is known?
query PageKnown {
  runs(first: 1) {
    totalCount
  }
  executions(first: 1) {
    totalCount
  }
  artifacts(first: 1) {
    totalCount
  }
  pipelines(first: 1) {
    totalCount
  }
  experiments(first: 1) {
    totalCount
  }
  recurringRuns(first: 1) {
    totalCount
  }
  deployments(first: 1) {
    totalCount
  }
}
`,"../../../../../../graphql/queries/page-nondeterminism.graphql":`# Of which steps did not always the same come out, although they ran the same on the same data?
query PageNondeterminism($pipeline: ID, $first: Int, $after: String) {
  nondeterminism(pipeline: $pipeline, first: $first, after: $after) {
    groups {
      fingerprint
      complete
      executions {
        id
        displayName
        startedAt
        run {
          id
          displayName
          pipelineVersion {
            id
            pipeline {
              id
              name
            }
          }
        }
      }
      disagreements {
        output
        isParameter
        different
        results {
          value
          count
          execution {
            id
            displayName
            run {
              id
              displayName
            }
          }
        }
      }
    }
    next
    unsettled
  }
}
`,"../../../../../../graphql/queries/page-recurring-due.graphql":`# When are these recurring runs due next, from one time on and before another?
query PageRecurringDue($ids: [ID!]!, $from: DateTime!, $to: DateTime!) {
  nodes(ids: $ids) {
    __typename
    ... on RecurringRun {
      id
      slots(from: $from, to: $to, first: 1) {
        nodes {
          dueAt
          outcome
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-recurring-run.graphql":`# What is in force of a recurring run, what was before, and what did it make last?
query PageRecurringRun($id: ID!) {
  node(id: $id) {
    __typename
    ... on RecurringRun {
      id
      uid
      kind
      name
      displayName
      namespace
      cluster
      createdAt
      enabled
      stopped
      inCluster
      scheduleError
      experiment {
        id
        name
      }
      spec {
        ...InForce
      }
      edits {
        since
        told
        spec {
          ...InForce
        }
      }
      runs(first: 10, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
        totalCount
        nodes {
          id
          displayName
          phase
          scheduledAt
          startedAt
          durationSeconds
        }
      }
    }
  }
}

fragment InForce on RecurringSpec {
  enabled
  schedules
  timezone
  startsAt
  endsAt
  maxConcurrency
  catchup
  concurrencyPolicy
  startingDeadlineSeconds
  when
  stopStrategy
  parameters {
    name
    value
    redacted
  }
  pipelineName
  pipelineVersionId
  textDigest
}
`,"../../../../../../graphql/queries/page-recurring-runs.graphql":`# Which recurring runs meet a filter, are they in force, and how did the last runs of each go?
query PageRecurringRuns(
  $where: RecurringRunWhere
  $orderBy: [RecurringRunOrder!]
  $first: Int
  $after: String
  $last: Int
  $before: String
) {
  recurringRuns(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    nodes {
      id
      kind
      displayName
      namespace
      cluster
      createdAt
      enabled
      stopped
      inCluster
      schedules
      scheduleError
      timezone
      experiment {
        id
        name
      }
      runs(first: 10, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
        totalCount
        nodes {
          id
          displayName
          phase
          createdAt
        }
      }
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/page-rejected-event.graphql":`# What did an event say that could not be recorded, as far as it could be redacted?
query PageRejectedEvent($id: ID!) {
  node(id: $id) {
    __typename
    ... on Rejected {
      id
      event
    }
  }
}
`,"../../../../../../graphql/queries/page-rejected.graphql":`# What could not be recorded, and why?
query PageRejected($first: Int, $after: String) {
  ingestion {
    rejected(first: $first, after: $after) {
      totalCount
      nodes {
        id
        at
        source
        reason
        sizeBytes
        digest
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-run-audit.graphql":`# Can this run be traced, could it be made again, and has it been?
query PageRunAudit($run: ID!, $asOf: DateTime) {
  audit(run: $run, asOf: $asOf) {
    tier
    repeated
    policy
    asOf
    checks {
      id
      title
      severity
      verdict
      blocks
      reason
      remedy
      evidenceTotal
      counts {
        verdict
        count
      }
      evidence {
        subject
        path
        value
        observedAt
        kind
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-run-count.graphql":`# How many runs meet a filter?
query PageRunCount($where: RunWhere) {
  runs(where: $where, first: 1) {
    totalCount
  }
}
`,"../../../../../../graphql/queries/page-run-diff.graphql":`# What differs between two runs, and what of it could have changed the results?
query PageRunDiff($base: ID!, $target: ID!) {
  runDiff(base: $base, target: $target) {
    identical
    changes {
      kind
      step
      steps
      path
      before
      after
      causal
      detail
    }
    notCompared
  }
}
`,"../../../../../../graphql/queries/page-run-events.graphql":`# What happened in the life of this run, one after another?
query PageRunEvents($id: ID!, $after: String) {
  node(id: $id) {
    __typename
    ... on Run {
      id
      displayName
      phase
      message
      createdAt
      scheduledAt
      startedAt
      finishedAt
      workflows {
        name
        createdAt
        phase
      }
      executions(first: 100, after: $after, orderBy: [{ field: STARTED_AT }]) {
        nodes {
          id
          displayName
          attempt
          phase
          message
          cached
          superseded
          startedAt
          finishedAt
          pods {
            uid
            name
            node
            phase
            reason
            exitCode
            restarts
            createdAt
            startedAt
            finishedAt
          }
          turns {
            at
            condition {
              type
              status
              reason
              message
            }
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-run-logs.graphql":`# Which logs of this run were archived?
query PageRunLogs($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  node(id: $id) {
    __typename
    ... on Run {
      id
      artifacts(first: $first, after: $after, last: $last, before: $before, where: { name: { contains: "-logs" } }) {
        nodes {
          id
          name
          uri
          sizeBytes
          createdAt
          producer {
            id
            displayName
            phase
            attempt
          }
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-run-raw.graphql":`# How does the object of this run read, as it was last seen?
query PageRunRaw($id: ID!) {
  node(id: $id) {
    __typename
    ... on Run {
      id
      name
      raw
    }
  }
}
`,"../../../../../../graphql/queries/page-run-reports.graphql":`# What do the files of this run say that can be shown: plots, tables, texts?
query PageRunReports($id: ID!, $after: String) {
  node(id: $id) {
    __typename
    ... on Run {
      id
      artifacts(first: 100, after: $after) {
        nodes {
          id
          name
          type
          metadata
          producer {
            id
            displayName
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-run-rerun.graphql":`# Which manifest would make this run again, and what of it is not held fast?
query PageRunRerun($run: ID!) {
  rerunManifest(run: $run) {
    yaml
    unpinned {
      path
      reason
    }
  }
}
`,"../../../../../../graphql/queries/page-run-spec.graphql":`# Which text of its pipeline did this run run?
query PageRunSpec($id: ID!) {
  node(id: $id) {
    __typename
    ... on Run {
      id
      pipelineVersion {
        id
        name
        digest
        createdAt
        spec
        pipeline {
          id
          name
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-run-steps.graphql":`# What did each step of this run take, and what did it give?
query PageRunSteps($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  node(id: $id) {
    __typename
    ... on Run {
      id
      executions(
        first: $first
        after: $after
        last: $last
        before: $before
        where: { system: false, superseded: false }
        orderBy: [{ field: STARTED_AT }]
      ) {
        nodes {
          id
          displayName
          phase
          cached
          attempt
          startedAt
          durationSeconds
          inputParameters {
            name
            value
            redacted
          }
          outputParameters {
            name
            value
            redacted
          }
          inputs {
            name
            inferred
            artifact {
              id
              name
              uri
              type
            }
          }
          outputs {
            name
            inferred
            artifact {
              id
              name
              uri
              type
            }
          }
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-run-values.graphql":`# What were these runs given, and what did they measure, for the columns of a list?
query PageRunValues($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Run {
      id
      metrics {
        name
        value
        special
        percentage
        source
      }
      parameters {
        name
        value
        redacted
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-run.graphql":`# What is known of this run, at a glance?
query PageRun($id: ID!) {
  node(id: $id) {
    __typename
    id
    ... on Run {
      uid
      name
      displayName
      kind
      namespace
      cluster
      phase
      message
      createdAt
      startedAt
      finishedAt
      durationSeconds
      scheduledAt
      inCluster
      forgottenAt
      pages {
        name
        url
      }
      fingerprint
      fingerprintMissing
      labels
      annotations
      workflows {
        uid
        name
        createdAt
        phase
        inCluster
      }
      experiment {
        id
        name
      }
      recurringRun {
        id
        displayName
      }
      pipelineVersion {
        id
        name
        digest
        pipeline {
          id
          name
        }
      }
      parameters {
        name
        value
        redacted
      }
      metrics {
        name
        value
        special
        percentage
        source
        cached
        execution {
          id
          displayName
        }
      }
      resubmittedFrom {
        id
        displayName
      }
      startedBy {
        id
        displayName
        run {
          id
          displayName
        }
      }
      bestTrial {
        id
        displayName
      }
      completeness {
        complete
        terminalSeen
        nodesExpected
        nodesRecorded
        podsExpected
        podsSeen
        missing
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-runs.graphql":`# Which runs meet a filter, in an order, and what of each does a list show?
query PageRuns($where: RunWhere, $orderBy: [RunOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  runs(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    nodes {
      id
      uid
      name
      displayName
      kind
      namespace
      cluster
      phase
      createdAt
      startedAt
      finishedAt
      durationSeconds
      scheduledAt
      inCluster
      experiment {
        id
        name
      }
      recurringRun {
        id
        displayName
      }
      pipelineVersion {
        id
        name
        digest
        pipeline {
          id
          name
        }
      }
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/page-search.graphql":`# What has this text in its name, uid, uri or digest, what makes it known, and where is it shown?
query PageSearch($text: String!, $first: Int = 20, $after: String) {
  search(text: $text, first: $first, after: $after) {
    nodes {
      __typename
      ... on Run {
        id
        uid
        displayName
        phase
        namespace
        createdAt
        durationSeconds
        pipelineVersion {
          pipeline {
            name
          }
        }
      }
      ... on Execution {
        id
        displayName
        phase
        startedAt
        run {
          id
          displayName
          namespace
        }
      }
      ... on Artifact {
        id
        name
        type
        uri
        digest
        state
        createdAt
        producer {
          id
          run {
            id
            displayName
          }
        }
      }
      ... on Pipeline {
        id
        name
        anyNamespace: namespace
      }
      ... on Experiment {
        id
        name
        createdAt
        anyNamespace: namespace
      }
      ... on RecurringRun {
        id
        displayName
        kind
        enabled
        stopped
        inCluster
        schedules
        namespace
      }
      ... on Deployment {
        id
        name
        kind
        ready
        inCluster
        url
        namespace
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/page-slots.graphql":`# When was a recurring run due from one time to another, and what became of it?
query PageSlots($id: ID!, $from: DateTime!, $to: DateTime!, $first: Int = 100, $after: String) {
  node(id: $id) {
    __typename
    ... on RecurringRun {
      id
      slots(from: $from, to: $to, first: $first, after: $after) {
        totalCount
        nodes {
          dueAt
          outcome
          reason
          lateBySeconds
          run {
            id
            displayName
            phase
          }
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-sources.graphql":`# What is watched, how does that fare, and when was nobody watching?
query PageSources($gaps: Int = 10) {
  ingestion {
    sources {
      name
      kind
      cluster
      namespace
      state
      message
      observed
      lagSeconds
      lastEventAt
      watchedUntil
      gapCount
      gaps(first: $gaps) {
        nodes {
          from
          to
          reason
          created
          changed
          gone
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-specs.graphql":`# Which texts of their pipelines did these runs run?
query PageSpecs($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Run {
      id
      pipelineVersion {
        id
        digest
        spec
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-step.graphql":`# What is known of one step of a run, beside its place in the graph? Give the id of an execution.
query PageStep($id: ID!) {
  node(id: $id) {
    __typename
    ... on Execution {
      id
      name
      displayName
      kind
      phase
      message
      template
      component
      attempt
      iteration
      startedAt
      finishedAt
      durationSeconds
      exitCode
      system
      cached
      superseded
      stoppedEarly
      restarts
      run {
        id
        displayName
      }
      cachedFrom {
        id
        displayName
        run {
          id
          displayName
        }
      }
      pods {
        uid
        name
        node
        phase
        reason
        exitCode
        restarts
        inCluster
      }
      images {
        container
        reference
        digest
      }
      inputParameters {
        name
        value
        redacted
      }
      outputParameters {
        name
        value
        redacted
      }
      inputs {
        ...StepUse
      }
      outputs {
        ...StepUse
      }
      metrics {
        name
        value
        special
        percentage
        source
      }
      startedRuns(first: 20) {
        totalCount
        nodes {
          id
          displayName
          phase
        }
      }
    }
  }
}

fragment StepUse on ArtifactUse {
  name
  role
  ambiguous
  inferred
  artifact {
    id
    name
    type
    uri
    state
  }
}
`,"../../../../../../graphql/queries/page-subjects.graphql":`# What are the runs and recurring runs called that alerts are about?
query PageSubjects($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Run {
      id
      displayName
    }
    ... on RecurringRun {
      id
      displayName
    }
  }
}
`,"../../../../../../graphql/queries/page-trend-choices.graphql":`# What can be chosen within a scope: which metrics were recorded, and which steps and parameters do its newest runs have?
query PageTrendChoices($ids: [ID!]!, $scope: TrendScope!, $where: RunWhere!) {
  nodes(ids: $ids) {
    __typename
    ... on Pipeline {
      id
      name
    }
    ... on Experiment {
      id
      name
    }
    ... on RecurringRun {
      id
      name: displayName
    }
  }
  metricNames(scope: $scope)
  runs(where: $where, first: 3, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
    nodes {
      id
      parameters {
        name
      }
      executions(first: 100) {
        nodes {
          displayName
          system
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-trend-point.graphql":`# Where was the metric of an execution read, and what did that execution write?
query PageTrendPoint($execution: ID!) {
  nodes(ids: [$execution]) {
    __typename
    ... on Execution {
      id
      metrics {
        name
        source
      }
      outputs {
        name
        artifact {
          id
          name
          uri
          type
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/page-trend.graphql":`# How does one metric move over the runs of a scope, where did it shift, and what may have done it? A series for each
# value of the parameter in \`by\`, where one is named.
query PageTrend(
  $scope: TrendScope!
  $metric: String!
  $task: String
  $by: String
  $last: Int = 1000
  $withChanges: Boolean = true
) {
  metricTrends(scope: $scope, metrics: [$metric], task: $task, by: $by, last: $last) {
    metric
    task
    split {
      parameter
      value
    }
    direction
    leastEffect
    verdict
    points {
      run {
        ...PointRun
        uid
        phase
      }
      execution {
        id
        displayName
      }
      value
      at
      scheduledAt
      cached
      outlier
      versionChanged
    }
    gaps {
      at
      scheduledAt
      reason
      missed
      run {
        ...PointRun
      }
    }
    shifts {
      at
      before {
        ...PointRun
      }
      after {
        ...PointRun
      }
      earliest {
        ...PointRun
      }
      latest {
        ...PointRun
      }
      medianBefore
      medianAfter
      relativeChange
      effect
      pValue
      verdict
      suspects {
        score
        change {
          kind
          step
          path
          before
          after
          detail
        }
      }
      notTracked
      confounded
      together
      separating
    }
    changes @include(if: $withChanges) {
      run {
        id
      }
      at
      kind
      says
    }
    summary {
      count
      latest
      previous
      difference
      relativeDifference
      best
      median
      mad
      iqr
      min
      max
      zScore
      autocorrelation
      slopePerDay
      slopeLow
      slopeHigh
      trendPValue
      missing
      slotsMissed
      falseDiscovery
    }
    alarm {
      since {
        ...PointRun
      }
      at
      rises
      runsBetweenFalse
    }
    noise {
      deviation
      groups
      count
      detectable
    }
    warnings
  }
}

fragment PointRun on Run {
  id
  displayName
  startedAt
}
`,"../../../../../../graphql/queries/page-trends.graphql":`# How do the metrics of a scope move, the worst first: what of each does a list show?
query PageTrends($scope: TrendScope!, $metrics: [String!], $task: String, $by: String, $last: Int = 1000) {
  metricTrends(scope: $scope, metrics: $metrics, task: $task, by: $by, last: $last) {
    metric
    task
    split {
      parameter
      value
    }
    direction
    verdict
    points {
      value
      cached
      outlier
    }
    shifts {
      verdict
      medianBefore
      medianAfter
      relativeChange
    }
    summary {
      count
      latest
      difference
      relativeDifference
    }
    alarm {
      rises
    }
  }
}
`,"../../../../../../graphql/queries/paths.graphql":`# Why are two things connected: what lies on any way from the one to the other? Give ids, as for provenance.
query Paths($one: [ID!]!, $other: [ID!]!, $maxNodes: Int = 1000, $system: Boolean = false) {
  paths(from: $one, to: $other, maxNodes: $maxNodes, system: $system) {
    shortest
    graph {
      depth
      complete
      reasons
      frontier
      nodes {
        __typename
        id
        name
        ... on Execution {
          displayName
          phase
          cached
          system
          startedAt
          finishedAt
          run {
            id
            displayName
            namespace
          }
        }
        ... on Artifact {
          uri
          type
          state
          digest
          contentDigest
          createdAt
          sizeBytes
          producer {
            id
          }
        }
        ... on Deployment {
          kind
          namespace
          ready
          since
        }
      }
      edges {
        source
        target
        role
        name
        inferred
      }
      starts {
        source
        target
      }
      copies {
        source
        target
        sameBytes
      }
    }
  }
}
`,"../../../../../../graphql/queries/pipelines.graphql":`# Which pipelines are there, in how many exact texts, and how often did each run?
query Pipelines($where: PipelineWhere, $first: Int = 50, $after: String) {
  pipelines(where: $where, first: $first, after: $after, orderBy: [{ field: NAME }]) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      id
      name
      namespace
      cluster
      versions(first: 10) {
        totalCount
        nodes {
          digest
          createdAt
        }
      }
      runs(first: 1, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
        totalCount
        nodes {
          displayName
          phase
          createdAt
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/provenance.graphql":`# What is around some nodes, with all that a picture of it shows? Give ids of artifacts, executions, deployments or runs.
query Provenance(
  $roots: [ID!]!
  $direction: Direction! = UPSTREAM
  $maxDepth: Int
  $maxNodes: Int = 1000
  $system: Boolean = false
) {
  lineage(roots: $roots, direction: $direction, maxDepth: $maxDepth, maxNodes: $maxNodes, system: $system) {
    depth
    complete
    reasons
    frontier
    nodes {
      __typename
      id
      name
      ... on Execution {
        displayName
        phase
        cached
        system
        startedAt
        finishedAt
        run {
          id
          displayName
          namespace
        }
      }
      ... on Artifact {
        uri
        type
        state
        digest
        contentDigest
        createdAt
        sizeBytes
        producer {
          id
        }
      }
      ... on Deployment {
        kind
        namespace
        ready
        since
      }
    }
    edges {
      source
      target
      role
      name
      inferred
    }
    starts {
      source
      target
    }
    copies {
      source
      target
      sameBytes
    }
  }
}
`,"../../../../../../graphql/queries/recent-runs.graphql":`# Which runs were made lately, and how did they go?
query RecentRuns($first: Int = 20) {
  runs(first: $first, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
    totalCount
    nodes {
      id
      uid
      displayName
      kind
      namespace
      cluster
      phase
      startedAt
      finishedAt
      durationSeconds
      metrics {
        name
        value
        special
        percentage
        source
      }
      experiment {
        name
      }
      pipelineVersion {
        digest
        pipeline {
          name
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/recurring-runs.graphql":`# Which recurring runs are there, what is in force of each, and which run did each make last?
query RecurringRuns($where: RecurringRunWhere, $first: Int = 50, $after: String) {
  recurringRuns(where: $where, first: $first, after: $after, orderBy: [{ field: NAME }]) {
    totalCount
    nodes {
      id
      uid
      kind
      name
      namespace
      cluster
      enabled
      stopped
      inCluster
      schedules
      scheduleError
      timezone
      maxConcurrency
      catchup
      experiment {
        name
      }
      edits {
        since
        told
        spec {
          enabled
          schedules
          timezone
          startsAt
          endsAt
          maxConcurrency
          catchup
          concurrencyPolicy
          when
          stopStrategy
          parameters {
            name
            value
            redacted
          }
        }
      }
      runs(first: 1, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
        totalCount
        nodes {
          displayName
          phase
          scheduledAt
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/rerun-manifest.graphql":`# How can a run be made again, and what of it cannot be held fast?
query RerunManifest($run: ID!) {
  rerunManifest(run: $run) {
    yaml
    unpinned {
      path
      reason
    }
  }
}
`,"../../../../../../graphql/queries/run-diff.graphql":`# What differs between two runs, and what of it could have changed the results?
query RunDiff($base: ID!, $target: ID!) {
  runDiff(base: $base, target: $target) {
    base {
      ...compared
    }
    target {
      ...compared
    }
    identical
    changes {
      kind
      step
      steps
      path
      before
      after
      causal
      detail
    }
    notCompared
  }
}

fragment compared on Run {
  id
  uid
  displayName
  namespace
  phase
  startedAt
  finishedAt
  durationSeconds
  fingerprint
  fingerprintMissing
  pipelineVersion {
    digest
    pipeline {
      name
    }
  }
}
`,"../../../../../../graphql/queries/run-graph.graphql":`# Which steps does a run have, how does each fare, and which leads to which? Give the id of a run.
query RunGraph($id: ID!) {
  node(id: $id) {
    __typename
    ... on Run {
      id
      uid
      displayName
      phase
      graph {
        complete
        executions {
          id
          name
          displayName
          kind
          phase
          cached
          system
          iteration
          attempt
          template
          startedAt
          finishedAt
          durationSeconds
          message
        }
        links {
          source
          target
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/run-steps.graphql":`# What happened in one run, step by step, and what did each step read and write? Give the id of a run.
# Plumbing of the engine is left out unless \`system\` is null.
query RunSteps($id: ID!, $after: String, $system: Boolean = false) {
  node(id: $id) {
    ... on Run {
      id
      uid
      name
      displayName
      kind
      namespace
      cluster
      phase
      message
      createdAt
      startedAt
      finishedAt
      durationSeconds
      metrics {
        name
        value
        special
        step
        percentage
        cached
        source
        execution {
          id
          displayName
        }
      }
      inCluster
      experiment {
        name
      }
      recurringRun {
        name
        displayName
      }
      scheduledAt
      pipelineVersion {
        digest
        pipeline {
          name
        }
      }
      resubmittedFrom {
        id
        displayName
      }
      startedBy {
        id
        displayName
        run {
          displayName
        }
      }
      tuning {
        objective
        direction
        goal
        algorithm
        searched {
          name
          min
          max
          step
          choices
        }
        bestTrialName
        bestParameters {
          name
          value
          redacted
        }
      }
      details
      completeness {
        complete
        missing
      }
      parameters {
        name
        value
        redacted
      }
      executions(first: 100, after: $after, orderBy: [{ field: STARTED_AT }], where: { system: $system }) {
        totalCount
        nodes {
          id
          displayName
          kind
          phase
          message
          iteration
          attempt
          superseded
          cached
          startedAt
          durationSeconds
          exitCode
          inputParameters {
            name
            value
            redacted
          }
          observed {
            name
            min
            max
            latest
          }
          replicas {
            role
            wanted
            active
            succeeded
            failed
          }
          restarts
          stoppedEarly
          startedRuns(first: 5) {
            totalCount
            nodes {
              id
              displayName
              kind
              phase
            }
          }
          images {
            reference
          }
          inputs {
            ...Use
          }
          outputs {
            ...Use
          }
          dependsOn {
            displayName
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
}

fragment Use on ArtifactUse {
  name
  role
  ambiguous
  inferred
  artifact {
    id
    type
    uri
    digest
  }
}
`,"../../../../../../graphql/queries/run.graphql":`# What happened in one run: its arguments, its steps, and what they read and wrote? Give the uid of a run.
query Run($uid: String!) {
  run(uid: $uid) {
    id
    uid
    displayName
    namespace
    cluster
    phase
    message
    createdAt
    startedAt
    finishedAt
    durationSeconds
    inCluster
    completeness {
      complete
      missing
    }
    parameters {
      name
      value
      redacted
    }
    workflows {
      uid
      name
      phase
      inCluster
    }
    executions(first: 100, orderBy: [{ field: STARTED_AT }]) {
      totalCount
      nodes {
        id
        displayName
        template
        kind
        phase
        attempt
        superseded
        cached
        startedAt
        durationSeconds
        exitCode
        message
        images {
          container
          reference
          digest
        }
        inputs {
          ...Use
        }
        outputs {
          ...Use
        }
        dependsOn {
          displayName
        }
      }
    }
  }
}

fragment Use on ArtifactUse {
  name
  role
  ambiguous
  artifact {
    id
    uri
  }
}
`,"../../../../../../graphql/queries/runs-using-artifact.graphql":`# Which runs read an artifact? Give the id of an artifact.
query RunsUsingArtifact($artifact: ID!, $first: Int = 50) {
  runs(first: $first, where: { usesArtifact: $artifact }) {
    totalCount
    nodes {
      uid
      displayName
      namespace
      phase
      startedAt
    }
  }
}
`,"../../../../../../graphql/queries/runs.graphql":`# Which runs meet a filter, the newest first, and how did they go?
query Runs($where: RunWhere, $first: Int = 20, $after: String) {
  runs(where: $where, first: $first, after: $after, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
    totalCount
    nodes {
      id
      uid
      name
      displayName
      kind
      namespace
      cluster
      phase
      createdAt
      startedAt
      finishedAt
      durationSeconds
      pipelineVersion {
        pipeline {
          name
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/search.graphql":`# What has this text in its name, uid, uri or digest?
query ($text: String!, $first: Int = 20, $after: String) {
  search(text: $text, first: $first, after: $after) {
    nodes {
      __typename
      ... on Run { id uid displayName phase createdAt }
      ... on Execution { id displayName phase startedAt run { id displayName } }
      ... on Artifact { id name uri digest createdAt }
      ... on Pipeline { id name namespace }
      ... on Experiment { id name namespace }
      ... on RecurringRun { id name kind enabled }
      ... on Deployment { id name kind ready }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,"../../../../../../graphql/queries/searches.graphql":`# What are searches for good parameters after, what have they found, and which runs tried it? The newest first.
query Searches($first: Int = 20, $after: String) {
  runs(
    first: $first
    after: $after
    where: { kind: { in: ["KatibExperiment", "OptimizationJob"] } }
    orderBy: [{ field: CREATED_AT, direction: DESC }]
  ) {
    totalCount
    nodes {
      id
      uid
      displayName
      namespace
      phase
      message
      startedAt
      finishedAt
      startedBy {
        id
        displayName
        run {
          displayName
        }
      }
      tuning {
        objective
        direction
        goal
        algorithm
        trials
        bestTrialName
        bestParameters {
          name
          value
          redacted
        }
        bestMetrics {
          name
          min
          max
          latest
        }
      }
      bestTrial {
        id
        displayName
        startedRuns(first: 5) {
          nodes {
            id
            displayName
            kind
          }
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,"../../../../../../graphql/queries/slots.graphql":`# When were recurring runs due from one time to another, and what became of it?
query Slots($ids: [ID!]!, $from: DateTime!, $to: DateTime!, $first: Int = 100, $after: String) {
  nodes(ids: $ids) {
    ... on RecurringRun {
      id
      slots(from: $from, to: $to, first: $first, after: $after) {
        nodes {
          dueAt
          outcome
          reason
          lateBySeconds
          run {
            id
            displayName
            phase
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
}
`,"../../../../../../graphql/queries/slowest-executions.graphql":`# Which steps took longest?
query SlowestExecutions($first: Int = 20) {
  executions(
    first: $first
    where: { phase: { in: [SUCCEEDED, FAILED, ERROR] }, cached: false }
    orderBy: [{ field: DURATION, direction: DESC }]
  ) {
    nodes {
      displayName
      template
      phase
      durationSeconds
      startedAt
      resources
      run {
        uid
        displayName
      }
    }
  }
}
`,"../../../../../../graphql/queries/superseded-executions.graphql":`# Which attempts were replaced by a retry, and why had they failed?
query SupersededExecutions($first: Int = 50) {
  executions(
    first: $first
    where: { superseded: true }
    orderBy: [{ field: STARTED_AT, direction: DESC }]
  ) {
    totalCount
    nodes {
      displayName
      nodeId
      attempt
      phase
      exitCode
      message
      startedAt
      finishedAt
      run {
        uid
        displayName
        phase
      }
    }
  }
}
`,"../../../../../../graphql/queries/what-came-of-this.graphql":`# What came of an artifact: every execution that it reached, and what those made? Give the id of an artifact.
query WhatCameOfThis($artifact: ID!, $maxDepth: Int) {
  lineage(roots: [$artifact], direction: DOWNSTREAM, maxDepth: $maxDepth) {
    ...Graph
  }
}

fragment Graph on LineageGraph {
  depth
  complete
  reasons
  frontier
  nodes {
    __typename
    id
    name
    ... on Artifact {
      uri
      createdAt
    }
    ... on Execution {
      displayName
      phase
      cached
      run {
        displayName
      }
    }
  }
  edges {
    source
    target
    role
    name
    inferred
  }
  copies {
    source
    target
    sameBytes
  }
}
`,"../../../../../../graphql/queries/where-did-this-come-from.graphql":`# Where did an artifact come from: every execution and artifact that it was made from? Give the id of an artifact.
query WhereDidThisComeFrom($artifact: ID!, $maxDepth: Int) {
  lineage(roots: [$artifact], direction: UPSTREAM, maxDepth: $maxDepth) {
    ...Graph
  }
}

fragment Graph on LineageGraph {
  depth
  complete
  reasons
  frontier
  nodes {
    __typename
    id
    name
    ... on Artifact {
      uri
      createdAt
    }
    ... on Execution {
      displayName
      phase
      cached
      run {
        displayName
      }
    }
  }
  edges {
    source
    target
    role
    name
    inferred
  }
  copies {
    source
    target
    sameBytes
  }
}
`})).map(([e,t])=>({name:e.replace(/^.*\/|\.graphql$/g,``),...a(t)})).sort((e,t)=>e.name<t.name?-1:1);function a(e){let t=/^(#.*\n)+/.exec(e)?.[0]??``,n=/^\s*(?:query|subscription)[^({]*\(([^)]*)\)/.exec(e.slice(t.length))?.[1]??``;return{question:t.replace(/^# ?/gm,``).replace(/\n/g,` `).trim(),text:e,needs:[...n.matchAll(/\$(\w+): [^,$=]*!(?!\])\s*(?:,|\$|$)/g)].map(e=>e[1]??``)}}function o(){return n(e,{title:r.ask.title,beside:n(`a`,{class:`button`,href:`graphiql`,children:r.ask.graphiql}),children:[n(`p`,{class:`lead`,children:r.ask.lead}),n(t,{caption:r.ask.title,keyOf:e=>e.name,rows:i,columns:[{id:`question`,title:r.ask.question,cell:e=>n(`a`,{href:`graphiql?query=${encodeURIComponent(e.text)}`,children:e.question})},{id:`name`,title:r.ask.name,cell:e=>n(`code`,{children:e.name})},{id:`needs`,title:r.ask.needs,cell:e=>n(`span`,{class:`quiet`,children:e.needs.join(`, `)||r.words.none})}]})]})}export{o as AskScreen};