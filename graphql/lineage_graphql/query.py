# mypy: allow-subclassing-any
"""The root of every query: a list of fields, each owned by the file of its aggregate."""

import graphene

from lineage_graphql.alerts import ALERTS
from lineage_graphql.artifacts import ARTIFACTS
from lineage_graphql.audits import AUDIT
from lineage_graphql.comparison import RUN_DIFF
from lineage_graphql.deployments import DEPLOYMENTS
from lineage_graphql.executions import EXECUTIONS
from lineage_graphql.experiments import EXPERIMENTS
from lineage_graphql.fingerprints import NONDETERMINISM
from lineage_graphql.impact import IMPACT
from lineage_graphql.ingestion import INGESTION
from lineage_graphql.layouts import LAYOUT
from lineage_graphql.metrics import METRIC_NAMES
from lineage_graphql.node import NODE, NODES
from lineage_graphql.pipelines import PIPELINES
from lineage_graphql.provenance import LINEAGE, PATHS
from lineage_graphql.recurring_runs import RECURRING_RUNS
from lineage_graphql.rerun import RERUN_MANIFEST
from lineage_graphql.runs import RUN, RUNS
from lineage_graphql.search import SEARCH
from lineage_graphql.trends import METRIC_TREND, METRIC_TRENDS


class Query(graphene.ObjectType):
    """What can be asked."""

    node = NODE
    nodes = NODES
    experiments = EXPERIMENTS
    pipelines = PIPELINES
    recurring_runs = RECURRING_RUNS
    runs = RUNS
    executions = EXECUTIONS
    artifacts = ARTIFACTS
    deployments = DEPLOYMENTS
    run = RUN
    lineage = LINEAGE
    paths = PATHS
    impact = IMPACT
    run_diff = RUN_DIFF
    rerun_manifest = RERUN_MANIFEST
    audit = AUDIT
    nondeterminism = NONDETERMINISM
    metric_names = METRIC_NAMES
    metric_trend = METRIC_TREND
    metric_trends = METRIC_TRENDS
    alerts = ALERTS
    search = SEARCH
    layout = LAYOUT
    ingestion = INGESTION
