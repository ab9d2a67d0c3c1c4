"""The logs that carry observations from watchers to recorders: one place a backend, each with a
`LogWriter` and a `LogReader`.

Backends do not know each other.
"""
