"""A devnet on which every event of the venue happens at least once, and the logs of it.

`python -m tests.keeper.venues.synthetix_v3.all_events` writes one real log of each event to logs.json beside this file."""

import json
from pathlib import Path
from typing import Any

from contracts.devnet.anvil import AnvilOptions
from contracts.devnet.synthetix_v3.deployment import SNX_USD
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.trading import cancel_order, mint_usd, modify_collateral
from keeper.domain.chain import RawLog
from keeper.domain.event_abi import topic_of
from keeper.venues.synthetix_v3.signatures import OTHERS, PERPS_MARKET
from tests.contracts.synthetix_v3.bench import Bench
from tests.keeper.venues.ledger import raw_log
from tests.keeper.venues.synthetix_v3.ledger import options_of

RECORDED = Path(__file__).with_name("logs.json")
_SIGNATURES = [("perps_market", signature) for signature, _ in PERPS_MARKET] + [
    (contract, signature) for contract, (signature, _) in OTHERS.items()
]
_PERPS_SYSTEM = b"perpsSystem".ljust(32, b"\0")
_E18 = 10**18
_EXPIRED_AFTER = 120


def emit_all_events(bench: Bench) -> None:
    """What setting a devnet up leaves out: orders that expire and are cancelled, liquidations of all kinds, paid debt, closed features."""
    deployment, account = bench.devnet.deployment, bench.trader.account_id
    bench.open_account(usd_18=500 * _E18, synth_18=_E18)
    bench.commit("ETH", _E18)
    bench.mine(_EXPIRED_AFTER)
    # Nobody sells at half of the price; before it, the expired order makes room.
    commitment = bench.commit("ETH", _E18, deployment.market("ETH").start_price_8 * 10**10 // 2)
    bench.publish({}, commitment + deployment.market("ETH").price_delay)
    bench.bring_benchmark("ETH", commitment)
    bench.chain.queue(cancel_order(bench.contracts, deployment.settler, account))
    bench.mine()
    _pay_debt(bench)
    _lose_margin(bench)
    _lose_position(bench)
    for deny in (True, False):
        bench.send(deployment.owner, "setFeatureFlagDenyAll(bytes32,bool)", _PERPS_SYSTEM, deny)
    bench.send(deployment.keeper, "updateInterestRate()")


def _pay_debt(bench: Bench) -> None:
    """A loss that is larger than the snxUSD leaves a debt beside the synth; a dollar of it is paid."""
    bench.trade("ETH", 2 * _E18)
    bench.move("ETH", 2_100 * 10**8)
    bench.trade("ETH", -2 * _E18)
    mint_usd(bench.chain, bench.contracts, bench.trader.address, _E18)
    bench.mine()
    bench.send(bench.trader.address, "payDebt(uint128,uint256)", bench.trader.account_id, _E18)


def _lose_margin(bench: Bench) -> None:
    """The synth falls until it does not cover the debt."""
    bench.move("ETH", 250 * 10**8)
    bench.send(bench.devnet.deployment.keeper, "liquidateMarginOnly(uint128)", bench.trader.account_id)


def _lose_position(bench: Bench) -> None:
    """More of it than a window takes."""
    deployment, account = bench.devnet.deployment, bench.trader.account_id
    bench.move("ETH", 2_500 * 10**8)
    mint_usd(bench.chain, bench.contracts, bench.trader.address, 20_000 * _E18)
    bench.mine()
    bench.chain.queue(modify_collateral(bench.contracts, bench.trader, SNX_USD, 20_000 * _E18))
    bench.mine()
    bench.trade("ETH", 20 * _E18)
    bench.move("ETH", 1_500 * 10**8)
    bench.send(deployment.keeper, "liquidate(uint128)", account)
    bench.send(deployment.keeper, "liquidate(uint128)", account)


def one_of_each(devnet: SynthetixDevnet) -> dict[str, dict[str, Any]]:
    """`contract.Event` -> its last log, as JSON-RPC gives it; events that never happened are missing."""
    options, chosen = options_of(devnet.deployment), dict[str, dict[str, Any]]()
    for contract, signature in _SIGNATURES:
        criteria = {"fromBlock": "0x0", "toBlock": "latest", "address": options[contract], "topics": ["0x" + topic_of(signature).hex()]}
        logs = [item for item in devnet.rpc.call("eth_getLogs", criteria) if contract != "usd_token" or int(item["topics"][1], 16) == 0]
        if logs:
            chosen[f"{contract}.{signature.partition('(')[0]}"] = logs[-1]
    return chosen


def recorded() -> dict[str, RawLog]:
    """The recorded logs by `contract.Event`."""
    return {name: raw_log(item) for name, item in json.loads(RECORDED.read_text())["logs"].items()}


def recorded_options() -> dict[str, str]:
    """The addresses of the recording's deployment."""
    options: dict[str, str] = json.loads(RECORDED.read_text())["options"]
    return options


def main() -> None:
    """Record anew."""
    with SynthetixDevnet.up(AnvilOptions(no_mining=True), seed=7, traders=4) as devnet:
        with Bench(devnet) as bench:
            emit_all_events(bench)
        recording = {"options": options_of(devnet.deployment), "logs": dict(sorted(one_of_each(devnet).items()))}
        RECORDED.write_text(json.dumps(recording, indent=1) + "\n")


if __name__ == "__main__":
    main()
