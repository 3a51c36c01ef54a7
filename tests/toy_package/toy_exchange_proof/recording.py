"""One real log of every event: `python -m toy_exchange_proof.recording` records them anew from a devnet."""

import json
from collections.abc import Mapping
from pathlib import Path

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.rpc import Rpc
from keeper.domain.chain import RawLog
from tests.contract.contract_abi import topic_of
from tests.keeper.venues.ledger import raw_log
from toy_exchange_proof.devnet import ARTIFACT, ToyDevnet

_FILE = Path(__file__).with_name("logs.json")
_WITHOUT_EFFECT = "PriceFeedSet"


def recorded() -> Mapping[str, RawLog]:
    """By `contract.Event`."""
    return {name: raw_log(item) for name, item in json.loads(_FILE.read_text("utf-8"))["logs"].items()}


def recorded_options() -> Mapping[str, str]:
    """The addresses of the recording's deployment."""
    options: Mapping[str, str] = json.loads(_FILE.read_text("utf-8"))["options"]
    return options


def main() -> None:
    """Record anew."""
    names = {"0x" + topic_of(entry).hex(): entry["name"] for entry in ARTIFACT["abi"] if entry["type"] == "event"}
    with Anvil.start(AnvilOptions(no_mining=True)) as anvil:
        devnet = ToyDevnet.deploy(Rpc(anvil.url))
        devnet.every_event()
        logs = devnet.rpc.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": devnet.exchange})
    last = {f"exchange.{names[item['topics'][0]]}": item for item in logs if names[item["topics"][0]] != _WITHOUT_EFFECT}
    options = {"exchange": devnet.exchange, "dollar": devnet.dollar}
    _FILE.write_text(json.dumps({"options": options, "logs": dict(sorted(last.items()))}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
