"""What stops the sending while candidates are still found: a base fee out of all bounds, a sequencer that is down, the operator's kill
switch in the middle of a storm. Each must open again, and nobody be missed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence

from contracts.devnet.anvil import BASE_FEE
from contracts.devnet.calldata import calldata
from contracts.devnet.sequencer import DOWN, SET_STATUS, UP, uptime_feed
from tests.chaos import lake
from tests.chaos.scenario import Scenario, Script
from tests.chaos.sent import Sent
from tests.chaos.stage import Set, Stage
from tests.chaos.synthetix_v3 import needs

_SPIKE = 50
_GRACE_BLOCKS = 10
_CLOSING_SECONDS = 40.0
_ONE_CHECK_US = 500_000
"""For a job that had passed the last look at the kill switch when its file appeared: to be signed, on a busy machine."""
_SOMEBODY = "0x" + "5e" * 20


def spike(stage: Stage) -> None:
    """The base fee rises fiftyfold where ten times the median is a spike: no new job, and what is in flight goes on."""
    stage.begin()
    stage.fall(steps=60)
    stage.blocks(25)
    stage.player.pace.base_fee = BASE_FEE * _SPIKE
    _expect_closed(stage, "base_fee_spike")
    stage.player.pace.base_fee = BASE_FEE
    _expect_open(stage, "base_fee_spike")
    stage.finish()
    _expect_told(stage, "base_fee_spike")


def sequencer_down(stage: Stage) -> None:
    """The uptime feed says down in the middle of a fall, and up again; its grace period counts too."""
    feed, grace_s = uptime_feed(stage.rpc), _GRACE_BLOCKS * stage.set.block_seconds
    head = stage.rpc.call("eth_getBlockByNumber", "latest", False)
    stage.rpc.call("evm_mine", int(head["timestamp"], 16) + grace_s)
    stage.daemon.settings = {
        **stage.daemon.settings,
        "PERP_KEEPER__CHAINS__DEVNET__SEQUENCER_FEED": feed,
        "PERP_KEEPER__GATES__SEQUENCER_GRACE_S": str(grace_s),
    }
    stage.begin()
    stage.fall(steps=60)
    stage.daemon.until(lambda: _jobs(stage) > 0, 60, "nothing was sent while the sequencer was up")
    _say(stage, feed, DOWN)
    _expect_closed(stage, "sequencer_down")
    _say(stage, feed, UP)
    stage.blocks(_GRACE_BLOCKS // 2)
    stage.expect(_closed(stage, "sequencer_down"), "the gate opened before the grace period was over")
    _expect_open(stage, "sequencer_down")
    stage.finish()
    _expect_told(stage, "sequencer_down")


def kill_switch(engage: Callable[[Stage], None], release: Callable[[Stage], None], steps: int = 50, bps: int = -50) -> Script:
    """In a fall of so many steps nothing is signed from one check after the kill switch is engaged until it is released, also by a process
    that is started meanwhile; then everybody left is liquidated."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(steps, bps)
        stage.daemon.until(lambda: _jobs(stage) > 3, 90, "no storm")
        engage(stage)
        engaged_us = _now_us()
        stage.blocks(8)
        status, words = stage.daemon.readyz()
        stage.expect(status == 503 and "kill_switch" in words, f"/readyz says {status} {words!r} with the kill switch engaged")
        stage.kill()
        stage.ready()
        stage.blocks(5)
        released_us = _now_us()
        release(stage)
        stage.finish()
        meanwhile = _signed(stage, engaged_us + _ONE_CHECK_US, released_us)
        stage.notes |= {"signed_meanwhile": meanwhile, "signed_afterwards": _signed(stage, released_us, _now_us())}
        stage.expect(meanwhile == 0, f"{meanwhile} transactions of jobs were signed with the kill switch engaged")
        stage.expect(stage.notes["signed_afterwards"] > 0, "nothing was sent after the kill switch was released")
        _expect_recorded(stage, "kill_switch")

    return script


def _stop(stage: Stage) -> None:
    (stage.state / "STOP").touch()


def _go_on(stage: Stage) -> None:
    (stage.state / "STOP").unlink()


def _signal_stop(stage: Stage) -> None:
    os.kill(stage.daemon.pid, signal.SIGUSR1)
    stage.daemon.until((stage.state / "STOP").exists, 10, "SIGUSR1 made no file")


def _signal_go_on(stage: Stage) -> None:
    os.kill(stage.daemon.pid, signal.SIGUSR2)


def _now_us() -> int:
    return time.time_ns() // 1_000


def _jobs(stage: Stage) -> int:
    """How many liquidations were ever signed for: the parts of all jobs, self-transfers apart."""
    rows = lake.outbox_rows(stage.state, "SELECT count(*) FROM parts WHERE venue <> 'lane'")
    return int(rows[0][0]) if rows else 0


def _signed(stage: Stage, first_us: int, last_us: int) -> int:
    """Transactions of jobs signed within that time, raised ones too, cancellations not."""
    query = (
        "SELECT count(*) FROM transactions WHERE purpose = 'job' AND signed_at_us BETWEEN ? AND ? "
        "AND job_id IN (SELECT job_id FROM parts WHERE venue <> 'lane')"
    )
    return int(lake.outbox_rows(stage.state, query, first_us, last_us)[0][0])


def _say(stage: Stage, feed: str, status: int) -> None:
    stage.send_together(Sent(_SOMEBODY, feed, calldata(SET_STATUS, status), tip_gwei=60, funded=True))


def _closed(stage: Stage, gate: str) -> bool:
    return stage.daemon.metrics().get(f'keeper_gate_closed{{gate="{gate}"}}') == 1


def _expect_closed(stage: Stage, gate: str) -> None:
    """The gate closes, and from then on no new job is signed."""
    stage.daemon.until(lambda: _closed(stage, gate), _CLOSING_SECONDS, f"the gate {gate} did not close")
    stage.blocks(1)
    jobs, mined = _jobs(stage), stage.mined()
    stage.blocks(8)
    stage.notes |= {"jobs_before": jobs, "mined_meanwhile": stage.mined() - mined}
    stage.expect(_jobs(stage) == jobs, f"{_jobs(stage) - jobs} jobs were signed behind the closed gate {gate}")
    stage.expect(_closed(stage, gate), f"the gate {gate} was not closed all the time")


def _expect_open(stage: Stage, gate: str) -> None:
    stage.daemon.until(lambda: not _closed(stage, gate), _CLOSING_SECONDS, f"the gate {gate} did not open again")


def _expect_told(stage: Stage, gate: str) -> None:
    """Each closing and each opening is one line of the log; the skips are recorded, and jobs were signed afterwards."""
    lines = [line for line in stage.daemon.log().splitlines() if f'"part": "{gate}"' in line]
    for event in ("not ready", "ready again"):
        told = sum(f'"event": "{event}"' in line for line in lines)
        stage.expect(told == 1, f"{event!r} was told {told} times of {gate}")
    _expect_recorded(stage, gate)
    stage.expect(_jobs(stage) > stage.notes["jobs_before"], f"no job was signed after {gate}")


def _expect_recorded(stage: Stage, gate: str) -> None:
    rows = lake.rows(stage.lake, "SELECT count(*) AS skips FROM decisions WHERE reason = ? AND market IS NOT NULL", gate)
    stage.notes["skips"] = rows[0]["skips"] if rows else 0
    stage.expect(stage.notes["skips"] > 0, f"no candidate was found, decided and recorded as {gate}")


_SPIKES = {"PERP_KEEPER__GATES__BASE_FEE_SPIKE": "10", "PERP_KEEPER__GATES__BASE_FEE_BLOCKS": "200"}

SCENARIOS: Sequence[Scenario] = (
    Scenario(
        name="base-fee-spike-gated",
        about="The base fee rises fiftyfold, and the operator wants nothing sent then.",
        script=spike,
        needs=Set(settings=_SPIKES),
    ),
    Scenario(name="sequencer-down", about="The sequencer's uptime feed says down in a fall, then up.", script=sequencer_down),
    Scenario(
        name="kill-switch",
        about="The kill switch's file appears in a storm, outlives a kill -9, and goes.",
        script=kill_switch(_stop, _go_on),
        short=True,
    ),
    Scenario(name="kill-switch-by-signal", about="The same by SIGUSR1 and SIGUSR2.", script=kill_switch(_signal_stop, _signal_go_on)),
    Scenario(
        name="synthetix-kill-switch",
        about="The kill switch in a fall on Synthetix V3, between flags and windows.",
        script=kill_switch(_stop, _go_on, steps=16, bps=-150),
        needs=needs(),
    ),
)
