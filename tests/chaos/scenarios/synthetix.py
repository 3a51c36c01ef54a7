"""Synthetix Perps V3 under the daemon: what every venue suffers, and what only one that pulls its prices and liquidates in windows does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from contracts.devnet.calldata import calldata
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3 import Habits, account_views
from tests.chaos import faults, lake, lies
from tests.chaos.forged_prices import STRANGER, Forgery, forged_prices
from tests.chaos.history import History, read_history
from tests.chaos.log import topic_of
from tests.chaos.player import slide
from tests.chaos.scenario import Scenario, Script
from tests.chaos.scenarios.endpoints import Ailment
from tests.chaos.sent import Sent
from tests.chaos.stage import Set, Stage
from tests.chaos.synthetix_v3 import ATTEMPT, FLAG, PART, PRICE_UPDATE, SynthetixGround, fallen, synthetix_v3_ground

_STEPS, _BPS = 20, -90
"""A fall of 16.5 %, a step each second."""
_WELL_BLOCKS, _ILL_BLOCKS = 4, 8
_TENTH = 10
_RIVAL = "0x" + "71" * 20
_RIVAL_ACCOUNTS = 3
_ROUGH = 1_500
"""Basis points: a move that a market makes in a bad hour, and no limit refuses."""
_STRICT_SECONDS = 60
"""No liquidation takes an older price."""
_PRINT_BPS, _MOST_PRINTS, _PRINT_SECONDS = 150, 30, 12.0
_BPS_OF_ONE = 10_000
_SHOCK = ((3, -850), (16, -1_630), (30, -1_200))
"""Two prints down and half of the second back: seconds, basis points from the start."""
_STREAM = "/v2/updates/price/stream"


def _needs(
    endpoints: int = 1, traders: int = 40, habits: Habits | None = None, age_s: int = 0, settings: Mapping[str, str] | None = None
) -> Set:
    ground = partial(synthetix_v3_ground, habits=habits, age_s=age_s)
    return Set(traders=traders, endpoints=endpoints, block_seconds=1, interval=1.0, ground=ground, settings=settings or {})


def _ground(stage: Stage) -> SynthetixGround:
    assert isinstance(stage.ground, SynthetixGround)
    return stage.ground


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


def killed_between_windows(kills: int) -> Script:
    """Print after print, after each of which some wait for their windows; each kill comes while accounts are flagged and not finished."""

    def script(stage: Stage) -> None:
        stage.begin()
        moments = Counter[str]()
        for prints in range(1, _MOST_PRINTS + 1):
            before = stage.mined()
            stage.player.follow([(0, _priced(stage, -prints * _PRINT_BPS))])
            if not _comes_true(partial(_under_way, stage, before), _PRINT_SECONDS):
                continue
            time.sleep(stage.random.uniform(0.0, 1.0))
            moments.update(_moments(stage))
            stage.kill()
            stage.ready()
            if stage.daemon.kills == kills:
                break
        stage.notes["flagged_at_kills"] = dict(moments)
        stage.expect(stage.daemon.kills == kills, f"only {stage.daemon.kills} kills")
        for moment in ("flagged", "between windows"):
            stage.expect(moments[moment] > 0, f"no kill while an account was {moment}")
        _finish_all(stage)

    return script


def _comes_true(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _under_way(stage: Stage, before: int) -> bool:
    """Whether another transaction of ours was mined, and somebody is flagged and not finished."""
    return stage.mined() > before and bool(_ground(stage).flagged(stage.rpc, "latest"))


def _moments(stage: Stage) -> Sequence[str]:
    """Of each flagged account, whether part of its positions is taken already."""
    history = read_history(stage.rpc, stage.ground)
    started = {log.topics[1] for log in history.logs if log.topic == topic_of(PART)}
    accounts = _ground(stage).flagged(stage.rpc, "latest")
    return ["between windows" if f"0x{account:064x}" in started else "flagged" for account in accounts]


def lied_to(stage: Stage) -> None:
    """The only price service tells of a crash: wrongly signed, of the future, too wild, or (to a daemon that has just come up) stale. Each
    is refused with its reason, nothing is sent on it, and the true fall afterwards is answered as ever."""
    ground, true_8 = _ground(stage), stage.ground.deployment.start_prices_8()
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


def shock(stage: Stage) -> None:
    """100 accounts, random trading and a shock; while the daemon stands still a rival flags some and leaves them. All are finished, and at
    every tenth block every account equals the contracts."""
    stage.begin()
    stage.blocks(_TENTH)
    stage.player.follow([(seconds, _priced(stage, bps)) for seconds, bps in _SHOCK])
    stage.daemon.freeze()
    stage.blocks(_WELL_BLOCKS + Habits().push_every)
    rivals = _largest_breached(stage)
    market = _ground(stage).deployment.contracts.perps_market
    stage.send_together(*(Sent(_RIVAL, market, calldata("liquidate(uint128)", account), funded=True) for account in rivals))
    stage.blocks(1)
    flagged = _ground(stage).flagged(stage.rpc, "latest") & set(rivals)
    stage.daemon.thaw()
    stage.notes["flagged_by_a_rival"] = sorted(flagged)
    stage.expect(bool(flagged), f"the rival has flagged nobody who is not finished at once: {rivals}")
    _finish_all(stage)
    _expect_parity(stage)


def _priced(stage: Stage, bps: int) -> Mapping[str, int]:
    """The start prices, moved by so much, by market."""
    start_8 = stage.ground.deployment.start_prices_8()
    return {name: price_8 * (_BPS_OF_ONE + bps) // _BPS_OF_ONE for name, price_8 in start_8.items()}


def _largest_breached(stage: Stage) -> Sequence[int]:
    """Accounts with positions, by what they require."""
    deployment = _ground(stage).deployment
    views = account_views(stage.rpc, deployment, [trader.account_id for trader in deployment.traders])
    breached = [account for account, view in views.items() if view.liquidatable and view.maintenance_requirement_18 > 0]
    return sorted(breached, key=lambda account: views[account].maintenance_requirement_18, reverse=True)[:_RIVAL_ACCOUNTS]


def _finish_all(stage: Stage) -> None:
    """As `Stage.finish`, once no flagged account is left; whoever was flagged has been finished."""
    stage.player.wait_path()
    ground = _ground(stage)
    stage.daemon.until(lambda: not ground.flagged(stage.rpc, "latest"), 240, "flagged accounts are not finished")
    stage.finish()
    left = ground.flagged(stage.rpc, "latest")
    stage.expect(not left, f"flagged and not finished: {sorted(left)}")
    _expect_finished(stage, read_history(stage.rpc, ground))


def _expect_finished(stage: Stage, history: History) -> None:
    """Each flag is followed by an attempt that says so."""
    flags = [(log.topics[1], log.block, log.index) for log in history.logs if log.topic == topic_of(FLAG)]
    attempts = [(log.topics[1], log.block, log.index) for log in history.logs if log.topic == topic_of(ATTEMPT)]
    unfinished = [flag for flag in flags if not any(attempt[0] == flag[0] and attempt[1:] > flag[1:] for attempt in attempts)]
    stage.notes |= {"flags": len(flags), "attempts": len(attempts)}
    stage.expect(bool(flags) and not unfinished, f"{len(unfinished)} of {len(flags)} flags without an end")


def _expect_parity(stage: Stage) -> None:
    """The lake's figures at every tenth block, for every account the chain has, against the contracts asked anew."""
    rows = lake.rows(
        stage.lake, f"SELECT account, block_number, equity_raw, requirement_raw FROM account_snapshots WHERE block_number % {_TENTH} = 0"
    )
    blocks = sorted({row["block_number"] for row in rows})
    wrong, missing = [], []
    with Rpc(stage.url) as rpc:
        for block in blocks:
            local = {row["account"]: (int(row["equity_raw"]), int(row["requirement_raw"])) for row in rows if row["block_number"] == block}
            chain = stage.ground.margins(rpc, stage.ground.accounts, hex(block))
            missing += [(block, account) for account in chain if account not in local]
            wrong += [(block, account) for account, margins in local.items() if margins != chain[account]]
    stage.notes |= {"blocks_compared": len(blocks), "margins_compared": len(rows)}
    stage.expect(
        len(blocks) > 3 and not wrong and not missing,
        f"of {len(rows)} margins {len(wrong)} differ, {len(missing)} are missing: {wrong[:2]} {missing[:2]}",
    )
    every_tenth = list(range(blocks[0], blocks[-1] + 1, _TENTH)) if blocks else []
    stage.expect(blocks == every_tenth, f"tenth blocks without a comparison: {sorted(set(every_tenth) - set(blocks))}")


_EVERYBODY = {"PERP_KEEPER__KEEPER__TRIPWIRE_BLOCKS": str(_TENTH), "PERP_KEEPER__KEEPER__TRIPWIRE_ACCOUNTS": "1000"}
_INTERNAL = partial(faults.Refusal, code=-32_603, message="Internal error")

SCENARIOS: Sequence[Scenario] = (
    Scenario(name="synthetix-calm", about="Nothing goes wrong.", script=calm, needs=_needs()),
    Scenario(
        name="synthetix-refusing-two",
        about="The first of two endpoints refuses connections.",
        script=falls_ill(lambda _: faults.Refuse()),
        needs=_needs(2),
    ),
    Scenario(
        name="synthetix-hanging-two",
        about="The first of two endpoints takes requests and never answers.",
        script=falls_ill(lambda _: faults.Hang()),
        needs=_needs(2),
    ),
    Scenario(
        name="synthetix-errors-two",
        about="The first of two endpoints answers every call with -32603.",
        script=falls_ill(lambda _: _INTERNAL()),
        needs=_needs(2),
    ),
    Scenario(
        name="synthetix-wrong-values-two",
        about="One of two endpoints answers eth_call with wrong amounts.",
        script=holds(lambda _: lies.wrong_values()),
        needs=_needs(2),
    ),
    Scenario(
        name="synthetix-outage",
        about="Both endpoints refuse at once.",
        script=falls_ill(lambda _: faults.Refuse(), at=(0, 1)),
        needs=_needs(2),
    ),
    Scenario(name="synthetix-reorgs", about="Reorgs of depth 1, 3 and 2.", script=reorgs(1, 3, 2), needs=_needs()),
    Scenario(
        name="synthetix-without-prices",
        about="The price service is dead, then hangs.",
        script=without_prices,
        needs=_needs(),
    ),
    Scenario(
        name="synthetix-lying-prices",
        about="The price service lies: wrongly signed, future, wild and stale prices.",
        script=lied_to,
        needs=_needs(habits=Habits(trading=False)),
        short=True,
    ),
    Scenario(
        name="synthetix-stale-chain",
        about="Nobody but the keeper brings prices to the chain.",
        script=stale_chain,
        needs=_needs(habits=Habits(push_every=0), age_s=2 * _STRICT_SECONDS),
    ),
    Scenario(
        name="synthetix-killed-between-windows",
        about="Killed 10 times between flags and the ends of liquidations.",
        script=killed_between_windows(10),
        needs=_needs(traders=60),
    ),
    Scenario(
        name="synthetix-shock",
        about="100 accounts trade and crash; a rival flags some and leaves them.",
        script=shock,
        needs=_needs(traders=100, settings=_EVERYBODY),
    ),
)
