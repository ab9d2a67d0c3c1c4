"""One file a source. Each holds a `SOURCE`; adding a file adds a source."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from watchers.source import Source


@cache
def all_sources() -> tuple[Source, ...]:
    """Load every source, in the order of their names."""
    modules = sorted(module.name for module in iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").SOURCE for name in modules)


def watched_sources() -> tuple[Source, ...]:
    """Those whose resource an API server lists and watches."""
    return tuple(source for source in all_sources() if source.is_watched)


def told_sources() -> tuple[Source, ...]:
    """Those of what services tell that are asked."""
    return tuple(source for source in all_sources() if not source.is_watched)
