"""The last runs of a version of a pipeline, an experiment or a recurring run are found by an index.

Revision: 0014
"""

import sqlalchemy as sa

from lineage.store.migrations.steps import AddIndex, DropIndex, Take

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OWNERS = {"pipeline_version_id": "version", "experiment_id": "experiment", "recurring_run_id": "recurring_run"}


def upgrade(take: Take) -> None:
    times: list[sa.ColumnElement[int]] = [sa.column(name) for name in ("scheduled_at", "started_at", "created_at")]
    at = sa.func.coalesce(*times)
    for owner, name in OWNERS.items():
        take(AddIndex(name=f"run_of_{name}_in_time", table="run", columns=[owner, at, "key"]))
    for owner in ("pipeline_version_id", "experiment_id"):  # which the new ones begin with
        take(DropIndex(name=f"ix_run_{owner}", table="run"))
