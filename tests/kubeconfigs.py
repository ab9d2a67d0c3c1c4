"""Configurations of clusters, for processes that find theirs by themselves."""

from pathlib import Path

import orjson

from watchers.apiserver import ApiServer
from watchers.replay import ReplayServer


def kubeconfig(server: ReplayServer | ApiServer, file: Path) -> Path:
    """Write the configuration of a cluster of one server."""
    named = {"clusters": ("cluster", {"server": server.url}), "users": ("user", {}), "contexts": ("context", {})}
    named["contexts"] = ("context", {"cluster": "c", "user": "c"})
    lists = {kind: [{"name": "c", member: value}] for kind, (member, value) in named.items()}
    file.write_bytes(orjson.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "c", **lists}))
    return file
