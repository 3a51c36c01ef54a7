"""The oracle manager's nodes behind the markets' prices, read level by level, and the units of the Pyth feeds they end in."""

from collections.abc import Collection, Mapping, Sequence

from keeper.domain.calldata import Encoder, number, signed
from keeper.domain.chain import CallResult, Reads
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.oracle_node import NodeType, OracleNode, PythSource, oracle_node, source_of
from keeper.venues.synthetix_v3.read_events import NodeRead, PriceExponentRead

_WORD = 32
_EXPONENT_WORD = 2
"""PythStructs.Price: price, conf, expo, publishTime."""


def read_graph(
    options: Options, encoder: Encoder, feeds: Collection[str], nodes: Mapping[str, OracleNode], exponents: Collection[str]
) -> Reads[list[NodeRead | PriceExponentRead]]:
    """What is not among `nodes` and `exponents` of all that these feeds' prices are made of; asks nothing where nothing is."""
    graph, events = dict(nodes), list[NodeRead | PriceExponentRead]()
    gaps = _gaps(feeds, graph)
    while gaps:
        answers = yield [encoder.call(options.oracle_manager, "getNode(bytes32)", node_id) for node_id in gaps]
        for node_id, answer in zip(gaps, answers, strict=True):
            event = _node_read(node_id, answer)
            graph[node_id] = oracle_node(event.node_type, event.parameters, event.parents)
            events.append(event)
        gaps = _gaps(feeds, graph)
    return [*events, *(yield from _exponents(options, encoder, feeds, graph, exponents))]


def _gaps(feeds: Collection[str], graph: Mapping[str, OracleNode]) -> Sequence[str]:
    queue, visits = sorted(feeds), set[str]()
    while queue:
        node_id = queue.pop()
        if node_id not in visits:
            visits.add(node_id)
            queue += graph[node_id].parents if node_id in graph else ()
    return sorted(visits - graph.keys())


def _exponents(
    options: Options, encoder: Encoder, feeds: Collection[str], graph: Mapping[str, OracleNode], units: Collection[str]
) -> Reads[list[PriceExponentRead]]:
    """Only of the Pyth contract whose updates are followed: prices of another are not known in between."""
    sources = [source_of(node_id, graph) for node_id in feeds]
    ids = {one.price_id for one in sources if isinstance(one, PythSource) and one.pyth == options.pyth}
    price_ids = sorted(ids.difference(units))
    if not price_ids:
        return []
    answers = yield [encoder.call(options.pyth, "getPriceUnsafe(bytes32)", price_id) for price_id in price_ids]
    values = [(price_id, signed(answer, _EXPONENT_WORD)) for price_id, answer in zip(price_ids, answers, strict=True)]
    return [PriceExponentRead(price_id, exponent) for price_id, exponent in values if exponent is not None]


def _node_read(node_id: str, answer: CallResult) -> NodeRead:
    """INodeModule.getNode: (nodeType, parameters, parents). A node nobody registered is all zero, and so is what nobody answers."""
    start = (number(answer) or 0) // _WORD
    parameters = start + (number(answer, start + 1) or 0) // _WORD
    parents = start + (number(answer, start + 2) or 0) // _WORD
    size, count = number(answer, parameters) or 0, number(answer, parents) or 0
    return NodeRead(
        node_id=node_id,
        node_type=number(answer, start) or NodeType.NONE.value,
        parameters="0x" + answer.data[(parameters + 1) * _WORD : (parameters + 1) * _WORD + size].hex(),
        parents=tuple(number(answer, parents + 1 + index) or 0 for index in range(count)),
    )
