"""What came before what in a run, whatever its nodes say of their parents."""

from collections.abc import Sequence
from time import process_time
from typing import Final

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from lineage.store.graph import ancestors

MANY: Final = 20_000
SECONDS: Final = 20.0  # forty times as long as it takes; in rounds, half of them took 43

links = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25)


def found(order: Sequence[int], pairs: Sequence[tuple[int, int]]) -> dict[int, set[int]]:
    """Ask, with the nodes in an order."""
    bits = {node: 1 << node for node in order}
    masks = ancestors({node: [parent for child, parent in pairs if child == node] for node in order}, bits)
    return {node: {other for other, bit in bits.items() if mask & bit} for node, mask in masks.items()}


@given(links, st.permutations(range(10)))
def test_what_came_before_is_what_can_be_reached(pairs: list[tuple[int, int]], order: list[int]) -> None:
    graph = nx.DiGraph(pairs)
    graph.add_nodes_from(order)
    closure = nx.transitive_closure(graph, reflexive=False)
    assert found(order, pairs) == {node: set(closure.successors(node)) for node in order}


def test_a_long_chain_or_circle_in_the_wrong_order_takes_no_longer_than_it_is() -> None:
    bits = {node: 1 << node for node in range(MANY)}
    chain = {node: [node + 1] if node + 1 < MANY else [] for node in range(MANY)}
    began = process_time()
    assert ancestors(chain, bits)[0].bit_count() == MANY - 1
    assert ancestors({node: [(node + 1) % MANY] for node in range(MANY)}, bits)[0].bit_count() == MANY
    assert process_time() - began < SECONDS
