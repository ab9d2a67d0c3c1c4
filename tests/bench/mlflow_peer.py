"""The peer's side of `tests.bench.trends`, run by the peer's own Python: MLflow's tracking store on SQLite, embedded.

    mlflow_peer.py record WORKLOAD DATABASE
    mlflow_peer.py search LENGTH DATABASE

A workload is a list of runs: name, start in seconds, value of the metric, and parameters by name. Prints JSON: the
seconds that counted, and how many runs were found. Knows nothing of this project but the workload.
"""

import json
import sqlite3
import sys
import time
from pathlib import Path

from mlflow.tracking import MlflowClient

PAGE = 1_000


def record(workload: Path, database: Path) -> dict[str, object]:
    """Write the runs as rows of its tables: what is measured is reading them."""
    client = MlflowClient(f"sqlite:///{database}")
    experiment = int(client.create_experiment("nightly"))
    connection = sqlite3.connect(database)
    runs = json.loads(workload.read_text())
    with connection:
        for number, (name, start, value, parameters) in enumerate(runs):
            key = f"{number:032x}"
            connection.execute(
                "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, "
                "start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id) VALUES "
                "(?, ?, 'UNKNOWN', '', '', 'u', 'FINISHED', ?, ?, '', 'active', ?, ?)",
                (key, name, start * 1000, start * 1000 + 30_000, f"s3://x/{key}", experiment),
            )
            connection.executemany(
                "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
                [(each, text, key) for each, text in parameters.items()],
            )
            for table in ("metrics", "latest_metrics"):
                connection.execute(
                    f"INSERT INTO {table} (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, 0, 0, ?)",
                    ("accuracy", value, start * 1000, key),
                )
    connection.execute("ANALYZE")
    connection.close()
    return {"found": len(runs)}


def search(length: int, database: Path) -> dict[str, object]:
    """Read the last runs with a metric and all parameters, as its own clients do."""
    client = MlflowClient(f"sqlite:///{database}")
    experiment = client.get_experiment_by_name("nightly").experiment_id
    client.search_runs([experiment], max_results=1)  # what is prepared once is not timed
    began = time.perf_counter()
    found: list[tuple[str, int, float, dict[str, str]]] = []
    token = None
    while len(found) < length:
        page = client.search_runs(
            [experiment],
            order_by=["attributes.start_time DESC"],
            max_results=min(length - len(found), PAGE),
            page_token=token,
        )
        found += [
            (one.info.run_name, one.info.start_time, one.data.metrics["accuracy"], one.data.params) for one in page
        ]
        token = page.token
        if not token:
            break
    return {"seconds": time.perf_counter() - began, "found": len(found)}


if __name__ == "__main__":
    act, first, second = sys.argv[1:]
    said = record(Path(first), Path(second)) if act == "record" else search(int(first), Path(second))
    print(json.dumps(said))
