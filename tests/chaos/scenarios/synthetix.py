"""Synthetix V3 under the daemon: what every venue suffers, beside what only this one does."""

from __future__ import annotations

from collections.abc import Sequence

from tests.chaos import faults, lies
from tests.chaos.scenario import Scenario, Script
from tests.chaos.scenarios import synthetix_prices, synthetix_windows
from tests.chaos.scenarios.endpoints import Ailment
from tests.chaos.stage import Stage
from tests.chaos.synthetix_v3 import needs

_STEPS, _BPS = 12, -150
"""A fall of 16.6 %, a step for each block."""
_WELL_BLOCKS, _ILL_BLOCKS = 6, 6
"""The highest leverages are liquidatable from the seventh step on."""


def calm(stage: Stage) -> None:
    """Nothing goes wrong."""
    stage.begin()
    stage.fall(_STEPS, _BPS)
    stage.finish()


def falls_ill(ailment: Ailment, *, at: Sequence[int] = (0,)) -> Script:
    """The endpoints are sick for the middle of a fall, then well again."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(_STEPS, _BPS)
        stage.blocks(_WELL_BLOCKS)
        before = stage.mined()
        for place in at:
            stage.lines[place].put(ailment(stage))
        stage.blocks(_ILL_BLOCKS)
        stage.notes["mined_meanwhile"] = stage.mined() - before
        for place in at:
            stage.lines[place].heal()
        if len(at) < stage.set.endpoints:
            stage.expect(stage.notes["mined_meanwhile"] > 0, "nothing was mined while one endpoint of two was sick")
        stage.finish()

    return script


def holds(ailment: Ailment) -> Script:
    """A lie about every account: no money moves on it while two endpoints disagree."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(_STEPS, _BPS)
        stage.blocks(_WELL_BLOCKS)
        with stage.fault(ailment(stage)):
            stage.blocks(_ILL_BLOCKS)
        stage.finish()
        stage.expect(stage.daemon.samples[-1].ready, f"not ready again at the end: {stage.daemon.samples[-1].words}")

    return script


def reorgs(*depths: int) -> Script:
    """Of these depths, in a fall."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(_STEPS, _BPS)
        for depth in depths:
            stage.blocks(5)
            stage.reorg(depth)
        stage.finish()

    return script


def _errors(_: Stage) -> faults.Refusal:
    return faults.Refusal(code=-32_603, message="Internal error")


SCENARIOS: Sequence[Scenario] = (
    Scenario(name="synthetix-calm", about="Nothing goes wrong.", script=calm, needs=needs()),
    Scenario(
        name="synthetix-refusing-two",
        about="The first of two endpoints refuses connections.",
        script=falls_ill(lambda _: faults.Refuse()),
        needs=needs(2),
    ),
    Scenario(
        name="synthetix-hanging-two",
        about="The first of two endpoints takes requests and never answers.",
        script=falls_ill(lambda _: faults.Hang()),
        needs=needs(2),
    ),
    Scenario(
        name="synthetix-errors-two",
        about="The first of two endpoints answers every call with -32603.",
        script=falls_ill(_errors),
        needs=needs(2),
    ),
    Scenario(
        name="synthetix-wrong-values-two",
        about="One of two endpoints answers eth_call with wrong amounts.",
        script=holds(lambda _: lies.wrong_values()),
        needs=needs(2),
    ),
    Scenario(
        name="synthetix-outage",
        about="Both endpoints refuse at once.",
        script=falls_ill(lambda _: faults.Refuse(), at=(0, 1)),
        needs=needs(2),
    ),
    Scenario(name="synthetix-reorgs", about="Reorgs of depth 1, 3 and 2.", script=reorgs(1, 3, 2), needs=needs()),
    *synthetix_prices.SCENARIOS,
    *synthetix_windows.SCENARIOS,
)
