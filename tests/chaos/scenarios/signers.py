"""A signer elsewhere that hangs, is gone or signs something else in the middle of a cascade, and then works again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from tests.chaos import faults
from tests.chaos import lake as lakes
from tests.chaos.proxy import Line
from tests.chaos.scenario import Scenario, Script
from tests.chaos.stage import Stage
from tests.keeper.execution.web3signer import Web3Signer, served

Trouble = Callable[[Web3Signer, Line], AbstractContextManager[None]]
"""The signer is of no use while the context is open."""
_SECTION = "PERP_KEEPER__EXECUTORS__DEVNET__"
_READY_WITHIN_S = 30.0
_BEHIND_BLOCKS = 3
"""What the daemon may be behind the chain while its signer is of no use."""


def useless(trouble: Trouble, blocks: int) -> Script:
    """The daemon signs elsewhere; for so many blocks nothing comes of it. It follows the chain meanwhile, says why nothing is sent, and in
    the end nobody was missed and no nonce left out."""

    def script(stage: Stage) -> None:
        service = Web3Signer.of_keys(stage.deployment.keeper_key, chain_id=stage.deployment.chain_id)
        with served(service) as url, Line(url, "") as line:
            own = {"KEY_FILE": "", "PASSWORD_FILE": "", "SIGNER_URL": line.url, "SIGNER_TIMEOUT_S": "1.0"}
            stage.daemon.settings = {**stage.daemon.settings, **{_SECTION + key: value for key, value in own.items()}}
            stage.begin()
            stage.fall(steps=60, bps=-35)
            stage.blocks(15)
            with trouble(service, line):
                _red(stage)
                stage.blocks(blocks)
                behind = stage.player.head - stage.daemon.head()
                stage.expect(behind <= _BEHIND_BLOCKS, f"{behind} blocks behind the chain while the signer is of no use")
            stage.finish()
        stage.expect(stage.daemon.samples[-1].ready, f"not ready again at the end: {stage.daemon.samples[-1].words}")
        rows = lakes.rows(stage.lake, "SELECT count(*) AS skips FROM decisions WHERE reason = 'signer_unavailable'")
        stage.notes["skips"] = rows[0]["skips"]
        stage.expect(rows[0]["skips"] > 0, "no candidate was left for want of a signature")

    return script


def _red(stage: Stage) -> None:
    """Until /readyz says why."""
    deadline = time.monotonic() + _READY_WITHIN_S
    status, text = stage.daemon.readyz()
    while time.monotonic() < deadline and not (status == 503 and "signer of" in text):
        time.sleep(0.1)
        status, text = stage.daemon.readyz()
    stage.notes["readyz"] = text[:300]
    stage.expect(status == 503 and "signer of" in text, f"/readyz says {status} {text!r} while the signer is of no use")


@contextmanager
def _hanging(service: Web3Signer, line: Line) -> Iterator[None]:
    with line.under(faults.Hang()):
        yield


@contextmanager
def _gone(service: Web3Signer, line: Line) -> Iterator[None]:
    with line.under(faults.Refuse()):
        yield


@contextmanager
def _lying(service: Web3Signer, line: Line) -> Iterator[None]:
    service.lie = lambda fields: fields | {"nonce": fields["nonce"] + 1}
    try:
        yield
    finally:
        service.lie = None


SCENARIOS: Sequence[Scenario] = (
    Scenario(name="signer-hangs", about="The remote signer hangs for ten blocks in mid-cascade.", script=useless(_hanging, 10)),
    Scenario(name="signer-gone", about="The remote signer refuses connections for ten blocks in mid-cascade.", script=useless(_gone, 10)),
    Scenario(
        name="signer-lies", about="The remote signer signs another nonce than it was asked to, for six blocks.", script=useless(_lying, 6)
    ),
)
