"""Synthetix V3 liquidates in windows: kills between them, and a rival who flags accounts and leaves them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from contracts.devnet.calldata import calldata
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3 import Habits, account_views
from tests.chaos import lake
from tests.chaos.history import History, read_history
from tests.chaos.log import topic_of
from tests.chaos.scenario import Scenario, Script
from tests.chaos.sent import Sent
from tests.chaos.stage import Stage
from tests.chaos.synthetix_v3 import ATTEMPT, FLAG, PART, ground_of, needs

_TENTH = 10
_EVERYBODY = {"PERP_KEEPER__KEEPER__TRIPWIRE_BLOCKS": str(_TENTH), "PERP_KEEPER__KEEPER__TRIPWIRE_ACCOUNTS": "1000"}
_RIVAL = "0x" + "71" * 20
_RIVAL_ACCOUNTS = 3
_PRINT_BPS, _MOST_PRINTS, _PRINT_SECONDS = 150, 30, 12.0
_BPS = 10_000
_NOTHING = (0, 0)
"""The margins of an account that has been taken everything."""
_SHOCK = ((3, -1_150), (20, -1_800), (34, -1_300))
"""Two prints down and half of the second back: seconds, basis points from the start."""


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
    return stage.mined() > before and bool(ground_of(stage).flagged(stage.rpc, "latest"))


def _moments(stage: Stage) -> Sequence[str]:
    """Of each flagged account, whether part of its positions is taken already."""
    history = read_history(stage.rpc, stage.ground)
    started = {log.topics[1] for log in history.logs if log.topic == topic_of(PART)}
    accounts = ground_of(stage).flagged(stage.rpc, "latest")
    return ["between windows" if f"0x{account:064x}" in started else "flagged" for account in accounts]


def shock(stage: Stage) -> None:
    """100 accounts, random trading and a shock; while the daemon stands still a rival flags some and leaves them. All are finished, and at
    every tenth block every account equals the contracts."""
    stage.begin()
    stage.blocks(_TENTH)
    stage.player.follow([(seconds, _priced(stage, bps)) for seconds, bps in _SHOCK])
    stage.daemon.freeze()
    stage.blocks(2 * Habits().push_every)
    rivals = _largest_breached(stage)
    market = ground_of(stage).deployment.contracts.perps_market
    stage.send_together(*(Sent(_RIVAL, market, calldata("liquidate(uint128)", account), funded=True) for account in rivals))
    stage.blocks(1)
    flagged = ground_of(stage).flagged(stage.rpc, "latest") & set(rivals)
    stage.daemon.thaw()
    stage.notes["flagged_by_a_rival"] = sorted(flagged)
    stage.expect(bool(flagged), f"the rival has flagged nobody who is not finished at once: {rivals}")
    _finish_all(stage)
    _expect_parity(stage)


def _priced(stage: Stage, bps: int) -> Mapping[str, int]:
    """The start prices, moved by so much, by market."""
    start_8 = stage.ground.deployment.start_prices_8()
    return {name: price_8 * (_BPS + bps) // _BPS for name, price_8 in start_8.items()}


def _largest_breached(stage: Stage) -> Sequence[int]:
    """Accounts with positions, by what they require."""
    deployment = ground_of(stage).deployment
    views = account_views(stage.rpc, deployment, [trader.account_id for trader in deployment.traders])
    breached = [account for account, view in views.items() if view.liquidatable and view.maintenance_requirement_18 > 0]
    return sorted(breached, key=lambda account: views[account].maintenance_requirement_18, reverse=True)[:_RIVAL_ACCOUNTS]


def _finish_all(stage: Stage) -> None:
    """As `Stage.finish`, once no flagged account is left; whoever was flagged has been finished."""
    stage.player.wait_path()
    ground = ground_of(stage)
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
    """The lake's figures at every tenth block, for every account that has anything, against the contracts asked anew."""
    rows = lake.rows(
        stage.lake,
        "SELECT account, block_number, equity_raw, requirement_raw FROM account_snapshots "
        f"WHERE block_number % {_TENTH} = 0 AND matches IS NOT NULL",
    )
    blocks = sorted({row["block_number"] for row in rows})
    wrong, missing = [], []
    with Rpc(stage.url) as rpc:
        for block in blocks:
            local = {row["account"]: (int(row["equity_raw"]), int(row["requirement_raw"])) for row in rows if row["block_number"] == block}
            chain = stage.ground.margins(rpc, stage.ground.accounts, hex(block))
            missing += [(block, account) for account, margins in chain.items() if account not in local and margins != _NOTHING]
            wrong += [(block, account) for account, margins in local.items() if margins != chain[account]]
    stage.notes |= {"blocks_compared": len(blocks), "margins_compared": len(rows)}
    stage.expect(
        len(blocks) > 3 and not wrong and not missing,
        f"of {len(rows)} margins {len(wrong)} differ, {len(missing)} are missing: {wrong[:2]} {missing[:2]}",
    )
    every_tenth = list(range(blocks[0], blocks[-1] + 1, _TENTH)) if blocks else []
    stage.expect(blocks == every_tenth, f"tenth blocks without a comparison: {sorted(set(every_tenth) - set(blocks))}")


SCENARIOS: Sequence[Scenario] = (
    Scenario(
        name="synthetix-killed-between-windows",
        about="Killed 10 times between flags and the ends of liquidations.",
        script=killed_between_windows(10),
        needs=needs(traders=60),
        slow=True,
    ),
    Scenario(
        name="synthetix-shock",
        about="100 accounts trade and crash; a rival flags some and leaves them.",
        script=shock,
        needs=needs(traders=100, settings=_EVERYBODY),
        slow=True,
    ),
)
