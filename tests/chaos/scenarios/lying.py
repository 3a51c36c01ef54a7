"""An endpoint says what is not so. Lies that carry their own refutation are refuted; no money moves on the others."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from contracts.devnet.rpc import Rpc
from tests.chaos import faults, lies
from tests.chaos.proxy import Fault
from tests.chaos.scenario import Scenario, Script
from tests.chaos.scenarios.endpoints import Ailment, falls_ill, ill_in_turns
from tests.chaos.stage import Set, Stage, forged_chain

_ONE, _TWO, _THREE = Set(endpoints=1), Set(endpoints=2), Set(endpoints=3)


def _invented(stage: Stage) -> Fault:
    url = stage.devnet.url

    def head() -> dict[str, Any]:
        with Rpc(url) as rpc:
            block: dict[str, Any] = rpc.call("eth_getBlockByNumber", "latest", False)
            return block

    return lies.invented_receipts(head)


def _shifted(by: int) -> Any:
    return lambda value: hex(int(value, 16) + by)


def lying_start(ailment: Ailment) -> Script:
    """The first endpoint lies from before the start to the middle of the fall."""

    def script(stage: Stage) -> None:
        with stage.fault(ailment(stage)):
            stage.begin()
            stage.fall()
            stage.blocks(16)
        stage.finish()

    return script


def holds(ailment: Ailment, blocks: int = 12) -> Script:
    """A lie that cannot be refuted: no money moves while two endpoints disagree, and all goes on when they agree again."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall()
        stage.blocks(6)
        with stage.fault(ailment(stage)):
            stage.blocks(blocks)
            sick = [sample for sample in stage.daemon.samples[-6:] if not sample.ready]
        stage.expect(bool(sick), "/readyz says nothing of endpoints that disagree")
        stage.finish()
        stage.expect(stage.daemon.samples[-1].ready, f"not ready again at the end: {stage.daemon.samples[-1].words}")

    return script


def outvoted(ailment: Ailment, blocks: int = 12) -> Script:
    """Two of three endpoints say the truth: the work goes on."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall()
        stage.blocks(6)
        with stage.fault(ailment(stage)):
            stage.blocks(blocks)
        stage.finish()

    return script


def forged(at: int, *, endpoints: int, empty: bool = True) -> Script:
    """The endpoint leaves the chain and goes on with blocks of its own."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall()
        stage.blocks(6)
        with forged_chain(stage) as fork, stage.fault(faults.Elsewhere(fork.url, fork.ws_url), at=at):
            over = threading.Event()
            miner = threading.Thread(target=_mine, args=(fork.url, over, stage), daemon=True)
            miner.start()
            stage.blocks(14)
            over.set()
            miner.join()
            sick = [sample for sample in stage.daemon.samples[-8:] if not sample.ready]
        if endpoints == 2:
            stage.expect(bool(sick), "/readyz says nothing of endpoints on different chains")
        stage.finish()

    return script


def _mine(url: str, over: threading.Event, stage: Stage) -> None:
    with Rpc(url) as rpc:
        while not over.wait(stage.player.pace.wall_interval):
            time = int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
            rpc.batch([("evm_setNextBlockTimestamp", [time + stage.set.block_seconds]), ("evm_mine", [])])


_REFUTABLE: Sequence[tuple[str, str, Ailment]] = (
    ("omitted-log", "leaves one log out of every third answer", lambda _: lies.omitted_logs(every=3)),
    ("invented-log", "adds a log that never was", lambda _: lies.invented_logs()),
    ("altered-log", "changes the amounts of a log", lambda _: lies.altered_logs()),
    ("foreign-logs", "answers with the logs of another block", lambda _: lies.logs_of_another_block()),
    ("late-logs", "has logs only a while after their block", lambda _: faults.LateLogs(1.0)),
    ("null-receipts", "knows no receipt", lambda _: lies.null_receipts()),
    ("stripped-receipts", "leaves the logs out of receipts", lambda _: lies.stripped_receipts()),
    ("failed-receipts", "says that every transaction reverted", lambda _: lies.failed_receipts()),
    ("invented-receipts", "has a receipt for whatever is asked", _invented),
    ("count-above", "counts 50 transactions too many", lambda _: lies.wrong_count(50)),
    ("count-below", "counts 5 transactions too few", lambda _: lies.wrong_count(-5)),
    ("altered-time", "changes the timestamp of headers", lambda _: lies.altered_headers("timestamp", _shifted(30))),
    ("altered-fee", "changes the base fee of headers", lambda _: lies.altered_headers("baseFeePerGas", _shifted(10**12))),
    ("empty-bloom", "says of every block that it has no logs", lambda _: lies.altered_headers("logsBloom", lambda _: "0x" + "00" * 256)),
)

_IRREFUTABLE: Sequence[tuple[str, str, Ailment]] = (("wrong-values", "answers eth_call with wrong amounts", lambda _: lies.wrong_values()),)

SCENARIOS: Sequence[Scenario] = (
    *(
        Scenario(name=f"{name}-one", about=f"The only endpoint {words}.", script=falls_ill(lie), needs=_ONE)
        for name, words, lie in _REFUTABLE
    ),
    *(
        Scenario(
            name=f"{name}-two", about=f"The first of two endpoints {words}.", script=falls_ill(lie), needs=_TWO, short=name == "omitted-log"
        )
        for name, words, lie in _REFUTABLE
    ),
    Scenario(
        name="count-above-briefly",
        about="For 1.5 s the only endpoint counts 50 transactions too many (F2).",
        script=falls_ill(lambda _: lies.wrong_count(50), blocks=5, after=18),
        needs=_ONE,
        short=True,
    ),
    Scenario(
        name="count-above-at-start",
        about="From the start on the only endpoint counts 50 transactions too many.",
        script=lying_start(lambda _: lies.wrong_count(50)),
        needs=_ONE,
    ),
    Scenario(
        name="omitted-log-at-start",
        about="The first of two endpoints leaves logs out while the lake is filled.",
        script=lying_start(lambda _: lies.omitted_logs(every=2)),
        needs=_TWO,
    ),
    Scenario(
        name="omitted-log-in-turns",
        about="Now one endpoint, now the other leaves logs out.",
        script=ill_in_turns(lambda _: lies.omitted_logs(every=2)),
        needs=_TWO,
    ),
    *(
        Scenario(name=f"{name}-two", about=f"One of two endpoints {words}.", script=holds(lie), needs=_TWO)
        for name, words, lie in _IRREFUTABLE
    ),
    *(
        Scenario(name=f"{name}-three", about=f"One of three endpoints {words}.", script=outvoted(lie), needs=_THREE)
        for name, words, lie in _IRREFUTABLE
    ),
    Scenario(
        name="forged-chain-first", about="The first of two endpoints serves a forged chain.", script=forged(0, endpoints=2), needs=_TWO
    ),
    Scenario(
        name="forged-chain-second", about="The second of two endpoints serves a forged chain.", script=forged(1, endpoints=2), needs=_TWO
    ),
    Scenario(
        name="forged-chain-three", about="The first of three endpoints serves a forged chain.", script=forged(0, endpoints=3), needs=_THREE
    ),
)
