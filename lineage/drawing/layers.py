"""Which column each node of a graph stands in: behind everything that leads to it, as near as that allows.

What leads back in a cycle is turned around first, so that all arrows go one way. Nodes are numbers from 0 on.

K. Sugiyama, S. Tagawa, M. Toda: Methods for visual understanding of hierarchical system structures (1981), the first
two of four steps.
"""

from collections.abc import Sequence

Link = tuple[int, int]


def turned(size: int, links: Sequence[Link]) -> list[bool]:
    """Say of each link whether it must be turned around for the graph to have no cycle; a loop counts as one.

    What depth-first search from the nodes that nothing leads to, then from the others, finds leading back.
    """
    onward: list[list[tuple[int, int]]] = [[] for _ in range(size)]
    has_origin = [False] * size
    for number, (source, target) in enumerate(links):
        onward[source].append((target, number))
        has_origin[target] = has_origin[target] or source != target
    found = [False] * len(links)
    new, open_, done = 0, 1, 2
    state = [new] * size
    for start in sorted(range(size), key=has_origin.__getitem__):
        if state[start] != new:
            continue
        state[start] = open_
        path = [(start, iter(onward[start]))]
        while path:
            node, rest = path[-1]
            for target, number in rest:
                if state[target] == open_:
                    found[number] = True
                elif state[target] == new:
                    state[target] = open_
                    path.append((target, iter(onward[target])))
                    break
            else:
                state[node] = done
                path.pop()
    return found


def columns(size: int, links: Sequence[Link]) -> list[int]:
    """Put each node into a column, the first is 0: links lead from a column to a later one.

    By the longest way that leads to a node. Then what more leads away from than to is moved towards that: so links are
    short, and a source stands before what reads it first. No column is empty. The links have no cycle.
    """
    after: list[list[int]] = [[] for _ in range(size)]
    before = [0] * size
    for source, target in links:
        after[source].append(target)
        before[target] += 1
    column = [0] * size
    missing = before.copy()
    order = [node for node in range(size) if not before[node]]
    for node in order:
        behind = column[node] + 1
        for target in after[node]:
            column[target] = max(column[target], behind)
            missing[target] -= 1
            if not missing[target]:
                order.append(target)
    for node in reversed(order):
        if len(after[node]) > before[node]:
            column[node] = min(column[target] for target in after[node]) - 1
    return column
