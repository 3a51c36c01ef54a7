"""Whatever is sent, mined, refused and left out: no account is in flight with two keys, and what all may pay stays within the cap."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Job, Part
from keeper.domain.decision import CandidateId
from keeper.errors import SignerUnavailable
from tests.keeper.execution.key_pool import PAID, WORST, Keys, key_pool
from tests.keeper.execution.quiet_node import block, live
from tests.keeper.execution.test_dispatcher import FEES, GWEI, job


@dataclass
class _Story:
    """What was sent and mined of a pool, and what must hold after every step."""

    keys: Keys
    cap_wei: int
    number: int = 10
    attempts: dict[str, Attempt] = field(default_factory=dict)
    mined: list[str] = field(default_factory=list)

    async def play(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("send", *names):
                await asyncio.gather(*(self._send(name) for name in names))
            case ("mine", key, most):
                self.number += 1
                self.mined += self.keys.node.mine_of(self.keys.senders[key], block(self.number), most)
            case ("head", base_fee_gwei):
                self.number += 1
                await self._track(base_fee_gwei * GWEI)
            case ("down", key, down):
                self.keys.signers[key].down = down
            case ("unfit", *unfit):
                self.keys.pool.leave_out({self.keys.senders[key] for key in unfit})
        self._check()

    async def _send(self, name: str) -> None:
        """As the engine does at every block: a candidate of its own each time."""
        part = Part(CandidateId(f"{name}-{self.number}"), "venue", AccountKey(name))
        work: Job = replace(job(name, self.number), parts=(part,))
        try:
            await self.keys.pool.send(work, FEES)
        except SignerUnavailable:
            return

    async def _track(self, base_fee_wei: int) -> None:
        await self.keys.pool.track(replace(block(self.number), base_fee_wei=base_fee_wei))
        for _ in range(200):
            await asyncio.sleep(0)

    def _check(self) -> None:
        self.attempts |= {attempt.transaction_hash: attempt for attempt in self.keys.pool.signed()}
        open_accounts = [account for lane in self.keys.lanes for account in lane.open_accounts()]
        assert len(open_accounts) == len(set(open_accounts)), "an account is in flight with two keys"
        # As the chain has it: the worst of what is signed for each nonce that is not used, and what was paid.
        worst: dict[tuple[str, int], int] = {}
        for attempt in self.attempts.values():
            place = (attempt.sender, attempt.nonce)
            if attempt.nonce >= self.keys.node.counts[attempt.sender]:
                worst[place] = max(worst.get(place, 0), attempt.gas_limit * attempt.fees.max_fee_wei)
        assert sum(worst.values()) + len(self.mined) * PAID <= self.cap_wei
        nonces = {(attempt.sender, attempt.nonce) for attempt in self.attempts.values()}
        for sender in self.keys.senders:
            own = sorted(nonce for owner, nonce in nonces if owner == sender)
            assert own == list(range(len(own))), "a nonce is left out"


_KEY = st.integers(0, 2)
_STEPS = st.lists(
    st.one_of(
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4).map(lambda names: ("send", *names)),
        st.tuples(st.just("mine"), _KEY, st.integers(1, 3)),
        st.tuples(st.just("head"), st.sampled_from([0, 1, 3, 10])),
        st.tuples(st.just("down"), _KEY, st.booleans()),
        st.lists(_KEY, max_size=3).map(lambda keys: ("unfit", *keys)),
    ),
    min_size=3,
    max_size=25,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=_STEPS, cap=st.integers(1, 8))
def test_whatever_happens_no_account_is_in_flight_twice_and_the_cap_holds(steps: list[tuple[Any, ...]], cap: int) -> None:
    cap_wei = cap * WORST

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as state_dir:
            async with key_pool(Path(state_dir), 3, spending_cap_wei_per_day=cap_wei, dropped_after_blocks=4) as keys:
                story = _Story(keys, cap_wei)
                for step in steps:
                    await story.play(step)

    live(scenario)
