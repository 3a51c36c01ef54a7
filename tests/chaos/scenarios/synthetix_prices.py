"""Synthetix V3 pulls its prices: a service that is dead, hangs or lies, and a chain whose prices are stale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from contracts.devnet.synthetix_v3 import Habits
from tests.chaos import faults, lake
from tests.chaos.forged_prices import STRANGER, Forgery, forged_prices
from tests.chaos.history import History, read_history
from tests.chaos.log import topic_of
from tests.chaos.player import slide
from tests.chaos.scenario import Scenario
from tests.chaos.stage import Stage
from tests.chaos.synthetix_v3 import FLAG, PRICE_UPDATE, fallen, ground_of, needs

_STEPS, _BPS = 12, -150
"""A fall of 16.6 %, a step for each block."""
_WELL_BLOCKS, _ILL_BLOCKS = 4, 6
_ROUGH = 1_500
"""Basis points: a move that a market makes in a bad hour, and no limit refuses."""
_STRICT_SECONDS = 60
"""No liquidation takes an older price."""
_STREAM = "/v2/updates/price/stream"


def without_prices(stage: Stage) -> None:
    """The price service is dead, then it hangs: prices that others bring to the chain are enough to go on."""
    stage.begin()
    stage.fall(_STEPS, _BPS)
    stage.blocks(_WELL_BLOCKS)
    before = stage.mined()
    for ailment in (faults.Refuse(), faults.Hang()):
        with stage.price_fault(ailment):
            stage.blocks(_ILL_BLOCKS)
    stage.notes["mined_meanwhile"] = stage.mined() - before
    stage.expect(stage.notes["mined_meanwhile"] > 0, "nothing was mined without the price service, though prices were on the chain")
    stage.finish()


def lied_to(stage: Stage) -> None:
    """The only price service tells of a crash: wrongly signed, of the future, too wild, or (to a daemon that has just come up) stale. Each
    is refused with its reason, nothing is sent on it, and the true fall afterwards is answered as ever."""
    ground, true_8 = ground_of(stage), stage.ground.deployment.start_prices_8()
    stage.begin()
    stage.blocks(_WELL_BLOCKS)
    for reason, forgery in (
        ("signature", Forgery(-_ROUGH, guardian=STRANGER)),
        ("future", Forgery(-_ROUGH, shift_s=60)),
        ("deviation", Forgery(-5_000)),
        ("staleness", Forgery(-_ROUGH, shift_s=-_STRICT_SECONDS)),
    ):
        before, words = stage.mined(), len(stage.daemon.log())
        with forged_prices(ground, true_8, forgery) as url, stage.price_fault(faults.Elsewhere(url, "")):
            if reason == "staleness":
                stage.kill()
                stage.ready()
            stage.daemon.until(partial(_refused, stage, words, reason), 40, f"no refusal for {reason}")
            stage.blocks(3)
        stage.expect(stage.mined() == before, f"{stage.mined() - before} transactions on prices to be refused for {reason}")
    stage.fall(_STEPS, _BPS)
    stage.finish()


def _refused(stage: Stage, words: int, reason: str) -> bool:
    """Whether the daemon's log says so, behind its first `words` characters."""
    return any("price service" in line and f'"{reason}"' in line for line in stage.daemon.log()[words:].splitlines())


def stale_chain(stage: Stage) -> None:
    """Nobody but the keeper brings prices to the chain. At first their stream is silent, so that he learns of it from the revert."""
    low_8 = fallen(stage.ground.deployment.start_prices_8())
    stage.player.follow([(0, low_8)])
    with stage.price_fault(faults.Status(_STREAM, status=503)):
        stage.begin()
        stage.daemon.until(lambda: stage.mined() > 0, 60, "nothing was sent for accounts liquidatable at a stale price")
    stage.player.follow(slide(low_8, _STEPS, _BPS, 1))
    stage.finish()
    reverts = lake.rows(stage.lake, "SELECT block_number FROM simulations WHERE reason LIKE '%OracleDataRequired%'")
    stage.notes["prices_asked_for"] = len(reverts)
    stage.expect(bool(reverts), "no revert asked for a price")
    _expect_own_prices(stage, read_history(stage.rpc, stage.ground))


def _expect_own_prices(stage: Stage, history: History) -> None:
    """Whoever was flagged was so at a price that we had brought ourselves: in the same transaction, unless one shortly before had it."""
    ours, brought = {item.hash for item in history.mined}, ""
    together, strange = 0, []
    for log in history.logs:
        if log.topic == topic_of(PRICE_UPDATE):
            brought = log.transaction
        elif log.topic == topic_of(FLAG):
            together += log.transaction == brought
            strange += [] if brought in ours else [log.transaction]
    stage.notes |= {"flags_with_their_price": together}
    stage.expect(together > 3 and not strange, f"{together} flags with their own price, at a price of others: {strange[:3]}")


SCENARIOS: Sequence[Scenario] = (
    Scenario(
        name="synthetix-without-prices",
        about="The price service is dead, then hangs.",
        script=without_prices,
        needs=needs(),
    ),
    Scenario(
        name="synthetix-lying-prices",
        about="The price service lies: wrongly signed, future, wild and stale prices.",
        script=lied_to,
        needs=needs(habits=Habits(trading=False)),
        short=True,
    ),
    Scenario(
        name="synthetix-stale-chain",
        about="Nobody but the keeper brings prices to the chain.",
        script=stale_chain,
        needs=needs(habits=Habits(push_every=0), age_s=2 * _STRICT_SECONDS),
    ),
)
