"""Start-up and recovery with endpoints that are not there, or lie about the chain."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.chaos import faults, lies
from tests.chaos.scenario import Scenario, Script
from tests.chaos.scenarios.endpoints import Ailment
from tests.chaos.stage import Set, Stage

_TWO = Set(endpoints=2)


def first_dead(ailment: Ailment) -> Script:
    """The first of two endpoints is sick before the daemon starts, and for a while after."""

    def script(stage: Stage) -> None:
        with stage.fault(ailment(stage)):
            stage.begin()
            stage.fall()
            stage.blocks(16)
        stage.finish()

    return script


def nobody_there(stage: Stage) -> None:
    """Every endpoint refuses at the start: the daemon waits, says so, and goes on by itself."""
    for line in stage.lines:
        line.put(faults.Refuse())
    stage.player.start()
    stage.daemon.start()
    time.sleep(8)
    status, words = stage.daemon.readyz()
    stage.expect(stage.daemon.running and not stage.daemon.exits, "the daemon ended because no endpoint was there yet")
    stage.expect(status == 503 and bool(words), f"/readyz says {status} {words!r} while no endpoint is there")
    for line in stage.lines:
        line.heal()
    stage.ready()
    stage.fall()
    stage.finish()


def all_down(ailment: Ailment, blocks: int = 14) -> Script:
    """Every endpoint at once, then all well again."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall()
        stage.blocks(6)
        ailments = [(line, ailment(stage)) for line in stage.lines]
        for line, fault in ailments:
            line.put(fault)
        stage.blocks(blocks)
        status, words = stage.daemon.readyz()
        stage.expect(status == 503, f"/readyz says {status} {words!r} while no endpoint answers")
        for line, fault in ailments:
            line.take(fault)
        stage.finish()
        stage.expect(stage.daemon.samples[-1].ready, f"not ready again at the end: {stage.daemon.samples[-1].words}")

    return script


def wrong_chain(stage: Stage) -> None:
    """An endpoint of another chain at the start is a matter of configuration: exit 2, right."""
    stage.right_exits.append("serves chain")
    stage.daemon.supervised = False
    stage.player.start()
    with stage.fault(lies.wrong_chain_id(10)):
        stage.daemon.start()
        stage.daemon.until(lambda: bool(stage.daemon.exits), 20, "the daemon did not refuse the wrong chain")
    stage.expect(stage.daemon.exits[0].code == 2, f"exit code {stage.daemon.exits[0].code} for a wrong chain id")


def wrong_chain_late(stage: Stage) -> None:
    """The first endpoint is down at the start and comes back as one of another chain: never used, nobody ends."""
    refuse = faults.Refuse()
    stage.lines[0].put(refuse)
    stage.begin()
    stage.fall()
    stage.blocks(6)
    stage.lines[0].put(lies.wrong_chain_id(10))
    stage.lines[0].take(refuse)
    stage.blocks(14)
    stage.finish()


def frozen_alone(stage: Stage) -> None:
    """The only endpoint stands still: readiness says so within 3 block times (at least 2 s) and some."""
    stage.begin()
    stage.fall(steps=60, bps=-35)
    stage.blocks(8)
    limit = max(3 * stage.set.block_seconds, 2)
    with stage.fault(faults.Frozen()):
        started = time.monotonic()
        while time.monotonic() - started < limit + 6 and stage.daemon.readyz()[0] != 503:
            time.sleep(0.1)
        seconds = time.monotonic() - started
        status, words = stage.daemon.readyz()
    stage.notes["noticed_s"] = round(seconds, 1)
    stage.expect(status == 503, f"/readyz says {status} {words!r} after {seconds:.0f} s without a new head")
    stage.finish()


_AILMENTS: Sequence[tuple[str, str, Ailment]] = (
    ("refusing", "refuses connections", lambda _: faults.Refuse()),
    ("hanging", "hangs", lambda _: faults.Hang()),
    ("errors", "answers every call with -32603", lambda _: faults.Refusal(code=-32_603, message="Internal error")),
    ("frozen", "stands 10 blocks back", lambda _: faults.Frozen(back=10)),
)

SCENARIOS: Sequence[Scenario] = (
    *(
        Scenario(name=f"start-{name}", about=f"At the start the first of two endpoints {words}.", script=first_dead(ailment), needs=_TWO)
        for name, words, ailment in _AILMENTS
    ),
    Scenario(name="start-nobody-one", about="The only endpoint is not there at the start.", script=nobody_there, needs=Set(endpoints=1)),
    Scenario(name="start-nobody-two", about="Neither endpoint is there at the start.", script=nobody_there, needs=_TWO),
    Scenario(name="all-refusing", about="Both endpoints refuse at once.", script=all_down(lambda _: faults.Refuse()), needs=_TWO),
    Scenario(name="all-hanging", about="Both endpoints hang at once.", script=all_down(lambda _: faults.Hang()), needs=_TWO),
    Scenario(
        name="all-throttled",
        about="Both endpoints answer 429 with Retry-After at once.",
        script=all_down(lambda _: faults.Status(status=429, headers={"Retry-After": "2"})),
        needs=_TWO,
    ),
    Scenario(name="wrong-chain", about="An endpoint of another chain at the start: exit 2.", script=wrong_chain, judged=False),
    Scenario(
        name="wrong-chain-late", about="The first of two endpoints comes back as one of another chain.", script=wrong_chain_late, needs=_TWO
    ),
    Scenario(
        name="frozen-alone",
        about="The only endpoint stands still; readiness says so in time (F17).",
        script=frozen_alone,
        needs=Set(endpoints=1, block_seconds=2),
    ),
)
