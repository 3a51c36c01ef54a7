"""What keys may still spend: the operator's caps against what they have paid and what they can come to pay. All of it is in the outbox, so
that restarts, replacements and reorgs change nothing about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keeper.domain.account import AccountRef
from keeper.domain.attempt import Job
from keeper.execution.dispatcher_options import DispatcherOptions
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import NonceSlot, OutboxTransaction, Purpose

HOUR_US, DAY_US = 3_600 * 10**6, 86_400 * 10**6
_ETHER = 10**18


@dataclass(frozen=True, slots=True)
class _Cap:
    """Most wei within `window_us`; `account` where it is only about one."""

    words: str
    most_wei: int
    window_us: int
    account: AccountRef | None = None


@dataclass(frozen=True, slots=True)
class _Exposure:
    """A signed transaction that may be mined: the most it can cost, and for which accounts."""

    nonce: int
    accounts: frozenset[AccountRef]
    cost_wei: int


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A cap that forbade a transaction of this cost."""

    cap: _Cap
    cost_wei: int


class Purse:
    """What keys share that are under the same caps: what each has paid and may have to pay counts for all. Caps are asked right before a
    transaction is written, when no other can be: so no sum exceeds them, whoever has something signed meanwhile."""

    def __init__(self) -> None:
        self.payers: list[Spending] = []


class Spending:
    """Of one key. Costs are gas at its highest price, a rollup's fee for data, and what the contract pays with its calls (the operator's
    money, too). `now_us`: Unix microseconds; `reachable`: the key's nonces that can be mined; `purse`: of all who share the caps."""

    def __init__(
        self,
        options: DispatcherOptions,
        outbox: Outbox,
        now_us: Callable[[], int],
        reachable: Callable[[], Sequence[NonceSlot]],
        purse: Purse,
    ) -> None:
        self._options = options
        self._outbox = outbox
        self._now_us = now_us
        self._reachable = reachable
        self._purse = purse
        self._refusal: _Refusal | None = None
        purse.payers.append(self)

    def allows(self, slots: Sequence[NonceSlot], nonce: int, accounts: frozenset[AccountRef], cost_wei: int) -> bool:
        """Whether a transaction for these accounts at `nonce` may cost so much: what was paid within a cap's window and the worst cost of
        every nonce that can be mined (`slots`, and those of the other keys) must stay within the cap. All of a batch counts for each of its
        accounts."""
        exposures = [*self._exposures(slots), _Exposure(nonce, accounts, cost_wei)]
        for cap in self._caps(accounts):
            others_wei = sum(payer.spending_wei(cap) for payer in self._purse.payers if payer is not self)
            if others_wei + self.paid_wei(cap) + _worst_wei(exposures, cap.account) > cap.most_wei:
                self._refusal = _Refusal(cap, cost_wei) if cap.account is None else self._refusal
                return False
        return True

    def spending_wei(self, cap: _Cap) -> int:
        """What this key has paid within the cap's window and may have to pay."""
        return self.paid_wei(cap) + _worst_wei(self._exposures(self._reachable()), cap.account)

    def problem(self) -> str | None:
        """The cap of all accounts that forbade the last transaction refused, as long as what was paid alone leaves no room for it."""
        if self._refusal is None:
            return None
        cap = self._refusal.cap
        paid_wei = sum(payer.paid_wei(cap) for payer in self._purse.payers)
        if paid_wei + self._refusal.cost_wei <= cap.most_wei:
            self._refusal = None
            return None
        return (
            f"{paid_wei / _ETHER:g} of {cap.most_wei / _ETHER:g} spent within {cap.words}, too little is left for a transaction of up to "
            f"{self._refusal.cost_wei / _ETHER:g}; it goes on by itself, or with a higher cap in [limits]"
        )

    def cost_wei(self, gas_cost_wei: int, calldata: bytes = b"", value_wei: int = 0) -> int:
        """Of a transaction with gas for so much."""
        return gas_cost_wei + self._options.data_fee_wei(calldata) + value_wei

    def _caps(self, accounts: frozenset[AccountRef]) -> Sequence[_Cap]:
        options = self._options
        caps = [_Cap("a day", options.spending_cap_wei_per_day, DAY_US)]
        if options.spending_cap_wei_per_hour is not None:
            caps.append(_Cap("an hour", options.spending_cap_wei_per_hour, HOUR_US))
        most_wei = options.spending_cap_wei_per_account
        if most_wei is not None:
            caps += [_Cap("a day for one account", most_wei, DAY_US, account) for account in sorted(accounts)]
        return caps

    def paid_wei(self, cap: _Cap) -> int:
        """What this key has paid within the cap's window."""
        since_us = self._now_us() - cap.window_us
        return self._outbox.paid_since(since_us) if cap.account is None else self._outbox.paid_for(cap.account, since_us)

    def _exposures(self, slots: Sequence[NonceSlot]) -> Sequence[_Exposure]:
        jobs = {job.id: job.job for slot in slots for job in slot.jobs}
        return [
            # A transaction may stand at a nonce that its job has left.
            self._exposure(transaction, jobs.get(transaction.job_id) or self._outbox.job(transaction.job_id).job)
            for slot in slots
            for transaction in slot.transactions
        ]

    def _exposure(self, transaction: OutboxTransaction, job: Job) -> _Exposure:
        own = transaction.purpose is Purpose.JOB
        cost_wei = self.cost_wei(transaction.worst_cost_wei, job.calldata if own else b"", job.value_wei if own else 0)
        return _Exposure(transaction.nonce, job.accounts, cost_wei)


def _worst_wei(exposures: Sequence[_Exposure], account: AccountRef | None) -> int:
    """The most that all nonces together can cost (on one account): one transaction is mined at each."""
    worst_wei: dict[int, int] = {}
    for exposure in exposures:
        if account is None or account in exposure.accounts:
            worst_wei[exposure.nonce] = max(worst_wei.get(exposure.nonce, 0), exposure.cost_wei)
    return sum(worst_wei.values())
