"""(c) From the bytes of an eth_getLogs answer to logs: our parser, web3.py's provider and formatters, and json.loads alone."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from web3 import HTTPProvider, Web3
from web3._utils.method_formatters import get_result_formatters
from web3.types import RPCEndpoint

from keeper.chain.log import LogSelection
from keeper.domain.chain import LogFilter
from keeper.venues.perp_v2.decoder import Decoder
from tests.bench.logs import recorded
from tests.bench.rounds import Compared, alternate, scaled

_LOGS = 2_000


def parsing(rounds: int = 9) -> Sequence[Compared]:
    """Microseconds per log."""
    options, named = recorded(_LOGS)
    answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": [log for _, log in named]}).encode()
    selection = LogSelection([LogFilter(Decoder(options).addresses)])
    provider = HTTPProvider("http://127.0.0.1:9")  # never asked: the answer is here
    formatters: Any = get_result_formatters
    formatted = formatters(RPCEndpoint("eth_getLogs"), Web3(provider).eth)
    contenders: Mapping[str, Callable[[], Any]] = {
        "ours": lambda: selection.parse(json.loads(answer)["result"]),
        "web3.py": lambda: formatted(provider.decode_rpc_response(answer)["result"]),
        "json": lambda: json.loads(answer),
    }
    counts = {name: len(contenders[name]()) for name in ("ours", "web3.py")}
    if set(counts.values()) != {_LOGS}:
        raise RuntimeError(f"of {_LOGS} logs were read: {counts}")
    micros = {name: scaled(values, 1e6 / _LOGS) for name, values in alternate(contenders, rounds).items()}
    note = f"one answer of {_LOGS:,} logs, {len(answer) / 1e6:.1f} MB, checked and ordered"
    return [
        Compared("log parsing", "LogSelection.parse", "web3.py formatters", "us/log", micros["ours"], micros["web3.py"], note),
        Compared("log parsing", "LogSelection.parse", "json.loads alone", "us/log", micros["ours"], micros["json"], "the floor"),
    ]
