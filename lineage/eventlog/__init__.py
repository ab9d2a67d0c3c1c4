"""The logs that carry observations from watchers to recorders: one file a backend, each an `EventLog`.

Backends do not know each other.
"""
