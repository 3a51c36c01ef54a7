"""The keys of one executor as one dispatcher: each has nonces, an outbox and a lock of its own, and no account is in flight with two."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Attempt, Decided, Job, Payment, Settled
from keeper.domain.chain import Address, BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.use import Use
from keeper.errors import SignerUnavailable
from keeper.execution.dispatcher import TransactionDispatcher


class DispatcherPool:
    """Satisfies the engine's port `Dispatcher`. A job goes to the key with the fewest open nonces, of two with as many to the one that has
    sent less, unless an earlier attempt on the account may still be mined: then to that attempt's key, which replaces it. What all keys
    may pay together is the affair of the Purse they share."""

    def __init__(self, lanes: Sequence[TransactionDispatcher]) -> None:
        self._lanes = tuple(lanes)
        self._unfit: Set[Address] = frozenset()
        self._underway: dict[AccountRef, TransactionDispatcher] = {}
        self._sent: Counter[Address] = Counter()

    @property
    def sender(self) -> Address:
        """The key that would send now; simulations play it."""
        return self._by_load()[0].sender

    async def probe(self) -> None:
        """Look after signers of which it is in doubt whether they can sign."""
        await asyncio.gather(*(lane.probe() for lane in self._lanes))

    @property
    def senders(self) -> Sequence[Address]:
        """All of them."""
        return [lane.sender for lane in self._lanes]

    def leave_out(self, senders: Set[Address]) -> None:
        """These have no gas, or no right to act: the others send. Where it is all of them, none is better than another."""
        self._unfit = senders

    def open_accounts(self) -> frozenset[AccountRef]:
        """(venue, account) with an attempt still to be mined, by whichever key, or just being signed."""
        return frozenset(self._underway).union(*(lane.open_accounts() for lane in self._lanes))

    def in_flight(self) -> Mapping[AccountRef, Use]:
        """What the plans of these accounts take, by whichever key they were sent."""
        return {account: use for lane in self._lanes for account, use in lane.in_flight().items()}

    def open_gas(self) -> int:
        """The gas limits of all transactions still to be mined, together."""
        return sum(lane.open_gas() for lane in self._lanes)

    async def send(self, job: Job, fees: Fees) -> Sequence[Attempt]:
        """As `TransactionDispatcher.send`, with the best of the keys that can sign. None also where an account is in flight, or no single
        key may send all of it."""
        accounts = [part.key for part in job.parts]
        choices = self._choices(job) if self.open_accounts().isdisjoint(accounts) else ()
        if not choices:
            return ()
        failure = SignerUnavailable("there is no key")
        try:
            for lane in choices:
                self._underway |= dict.fromkeys(accounts, lane)
                self._sent[lane.sender] += 1
                try:
                    return await lane.send(job, fees)
                except SignerUnavailable as error:
                    failure = error
        finally:
            for account in accounts:
                self._underway.pop(account, None)
        raise failure

    async def track(self, head: BlockRef) -> Sequence[Settled]:
        """As `TransactionDispatcher.track`, of all keys at the same time."""
        return [item for settled in await asyncio.gather(*(lane.track(head) for lane in self._lanes)) for item in settled]

    def signed(self) -> Sequence[Attempt]:
        """As `TransactionDispatcher.signed`, of all keys."""
        return [attempt for lane in self._lanes for attempt in lane.signed()]

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        """The candidate a transaction of one of the keys was for by this account, however long ago."""
        return next((candidate for lane in self._lanes if (candidate := lane.candidate_of(transaction, account)) is not None), None)

    def spending_problem(self) -> str | None:
        """Which spending cap leaves no room for the job refused last, in one sentence; None where there is room."""
        return next((problem for lane in self._lanes if (problem := lane.spending_problem()) is not None), None)

    def outbid(self, venue: str, account: AccountKey, liquidator: str) -> None:
        """Somebody else has liquidated the account."""
        for lane in self._lanes:
            lane.outbid(venue, account, liquidator)

    def revalue(self, venue: str, worth_wei: Mapping[AccountKey, int]) -> None:
        """What the gas of the venue's open jobs may cost by now."""
        for lane in self._lanes:
            lane.revalue(venue, worth_wei)

    def rival_of(self, transaction: Hash32, account: AccountRef) -> str | None:
        """Who liquidated an account before a transaction of ours for it could; None when nobody is known to have."""
        return next((rival for lane in self._lanes if (rival := lane.rival_of(transaction, account)) is not None), None)

    def signed_lately(self) -> Sequence[Attempt]:
        """As `TransactionDispatcher.signed_lately`, of all keys."""
        return [attempt for lane in self._lanes for attempt in lane.signed_lately()]

    def decided_lately(self) -> Sequence[Decided]:
        """As `TransactionDispatcher.decided_lately`, of all keys."""
        return [decided for lane in self._lanes for decided in lane.decided_lately()]

    def payments_unknown(self) -> Mapping[Address, int]:
        """As `TransactionDispatcher.payments_unknown`, of all keys."""
        return {sender: since_us for lane in self._lanes for sender, since_us in lane.payments_unknown().items()}

    def remember(self, sender: Address, payments: Sequence[Payment]) -> None:
        """What the key of `sender` has paid without its outbox."""
        for lane in self._lanes:
            if lane.sender == sender:
                lane.remember(sender, payments)

    def tell_again(self, decided: Iterable[Decided]) -> None:
        """Each outbox has ids of its own: a job is the key's that has its transactions."""
        outcomes = tuple(decided)
        for lane in self._lanes:
            lane.tell_again(each for each in outcomes if lane.has_signed(min(each.transactions)))

    def acknowledge(self, attempts: Iterable[Hash32], outcomes: Iterable[tuple[Hash32, Hash32 | None]]) -> None:
        """The lake has committed these rows. An outbox without them is not written to."""
        names, pairs = tuple(attempts), tuple(outcomes)
        for lane in self._lanes:
            lane.acknowledge(names, pairs)

    def _choices(self, job: Job) -> Sequence[TransactionDispatcher]:
        """The keys that may send the job, the best first. None where its parts are the affair of different keys."""
        bound = [lane for lane in self._lanes if lane.concerns(job)] if len(self._lanes) > 1 else []
        if len(bound) > 1 and len(job.parts) > 1:
            return ()
        return bound[:1] or self._by_load()

    def _by_load(self) -> Sequence[TransactionDispatcher]:
        """Those that can act, the one with the fewest open nonces first. Of two the one that has sent less: their gas lasts as long."""
        fit = [lane for lane in self._lanes if lane.sender not in self._unfit] or self._lanes
        if len(fit) == 1:
            return fit
        waiting = [*self._underway.values()]
        return sorted(fit, key=lambda lane: (lane.open_nonces + waiting.count(lane), self._sent[lane.sender]))
