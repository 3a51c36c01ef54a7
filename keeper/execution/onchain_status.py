"""The state of the keeper's nonces on the chain, read only, and believed as far as it is proven.

A receipt counts when its block is on the chain the engine follows and holds it. A count of used nonces that the receipts do not explain is
checked with every endpoint, and then in the blocks themselves: one of them must hold the transaction that used the nonce."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from keeper.domain.chain import Address, BlockRef, Hash32, Timestamp
from keeper.domain.parse import hash32, quantity
from keeper.errors import BlockUnknown, RpcError, RpcUnavailable, Transient
from keeper.execution.followed import FollowedBlocks
from keeper.execution.node import Answer, ChainNode, Json, Node, result_of
from keeper.execution.outbox_rows import NonceSlot, OutboxTransaction
from keeper.execution.receipt import Receipt, parse_receipt
from keeper.execution.revert_reason import revert_payloads

_SCAN = 16
"""Blocks whose transactions are searched at once; a longer range is first narrowed by the nonce counts at its blocks."""
_PAGES = 256


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction of the keeper in a canonical block. `payload` is the revert payload, empty without a revert or where it is unknown."""

    transaction: OutboxTransaction
    receipt: Receipt
    block: BlockRef
    payload: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """A transaction from the keeper's account in a block, also one that another program sent."""

    transaction_hash: Hash32
    block: BlockRef


@dataclass(frozen=True, slots=True)
class OnchainStatus:
    """`used`: how many nonces the chain has used up, as agreed by all endpoints that answered. `mined`, `foreign` by nonce: the
    transactions proven to be in a block, of this keeper and of others. `standing`: settled nonces whose block is still canonical; `gone`:
    those whose block is not. `unclear`: nonces that cannot be judged at this head."""

    looked_at: frozenset[int]
    used: int
    mined: Mapping[int, Mined]
    foreign: Mapping[int, Place]
    standing: frozenset[int]
    gone: frozenset[int]
    unclear: frozenset[int]


@dataclass(slots=True)
class _Claims:
    """Unproven answers of endpoints: the account's count, and the receipts of each transaction, one for each endpoint that has one."""

    used: int
    receipts: dict[Hash32, list[Receipt]]
    headers: dict[int, BlockRef]


class OnchainReader:
    """Looks at one account's nonces."""

    def __init__(self, node: ChainNode, sender: Address, depth: int) -> None:
        self._node = node
        self._sender = sender
        self._followed = FollowedBlocks(depth)
        self._explained_at: int | None = None
        self._pages: dict[Hash32, Mapping[int, Hash32]] = {}

    def follow(self, head: BlockRef) -> None:
        """The engine has reached this block."""
        self._followed.add(head)

    def explained(self, number: int) -> None:
        """Up to this height every used nonce is explained by the keeper's own transactions."""
        self._explained_at = number

    async def read(self, slots: Sequence[NonceSlot], head: BlockRef, reported_nonces: Set[int], *, everybody: bool) -> OnchainStatus:
        """One request where nothing is new: the count and the receipts of open nonces. One more for each block with new receipts, and one
        for each new revert. The outcomes of `reported_nonces` have been handed on. `everybody`: ask every endpoint, as also happens when
        receipts do not explain the count.

        Raises RpcUnavailable, RpcLimited, RpcError."""
        open_slots = [slot for slot in slots if slot.winner is None]
        claims = await self._ask(slots, everybody=everybody)
        missing = self._unexplained(open_slots, claims)
        if missing and not everybody:
            claims = await self._ask(slots, everybody=True)
            missing = self._unexplained(open_slots, claims)
        places = await self._search(missing, open_slots, head) if missing else {}
        if not missing:
            self._explained_at = head.number
        by_block, unclear = await self._candidates(open_slots, claims, places, head)
        standing_nonces, reorged_nonces = set[int](), set[int]()
        for slot in slots:
            if slot.winner is None or slot.block_number is None:
                continue
            block = self._followed.at(slot.block_number) or claims.headers.get(slot.block_number)
            if block is None or slot.block_number > head.number:
                unclear.add(slot.nonce)
            elif block.hash != slot.block_hash:
                reorged_nonces.add(slot.nonce)
            elif slot.nonce in reported_nonces:
                standing_nonces.add(slot.nonce)
            else:
                by_block[block] += [transaction for transaction in slot.transactions if transaction.hash == slot.winner]
        mined = await self._prove(by_block, unclear)
        own_hashes = {transaction.hash for slot in slots for transaction in slot.transactions}
        foreign = {nonce: place for nonce, place in places.items() if place.transaction_hash not in own_hashes}
        nonces = frozenset(slot.nonce for slot in slots)
        return OnchainStatus(
            nonces, claims.used, mined, foreign, frozenset(standing_nonces), frozenset(reorged_nonces), frozenset(unclear - mined.keys())
        )

    async def place_of(self, nonce: int, low: int, high: int) -> Place | None:
        """The account's transaction that used `nonce`, in a block above `low` up to `high`; None when there is none."""
        return (await self._scan({nonce}, low, high)).get(nonce)

    async def _ask(self, slots: Sequence[NonceSlot], *, everybody: bool) -> _Claims:
        hashes = [transaction.hash for slot in slots if slot.winner is None for transaction in slot.transactions]
        heights = sorted(
            {slot.block_number for slot in slots if slot.block_number is not None and self._followed.at(slot.block_number) is None}
        )
        calls: list[tuple[str, list[Json]]] = [("eth_getTransactionCount", [self._sender, "latest"])]
        calls += [("eth_getTransactionReceipt", [name]) for name in hashes]
        calls += [("eth_getBlockByNumber", [hex(height), False]) for height in heights]
        if not everybody:
            return _claims(await self._node.batch(calls), hashes)
        claims_of_all = [claims for _, answers in await self._node.opinions(calls) if (claims := _sensible(answers, hashes)) is not None]
        if not claims_of_all:
            raise RpcUnavailable("no endpoint tells what became of our transactions")
        union = _Claims(min(claims.used for claims in claims_of_all), defaultdict(list), {})
        for claims in claims_of_all:
            union.headers = claims.headers | union.headers
            for name, receipts in claims.receipts.items():
                union.receipts[name] += receipts
        return union

    @staticmethod
    def _unexplained(open_slots: Sequence[NonceSlot], claims: _Claims) -> frozenset[int]:
        """Nonces counted as used, without a receipt that explains it."""
        return frozenset(
            slot.nonce
            for slot in open_slots
            if slot.nonce < claims.used and not any(claims.receipts.get(transaction.hash) for transaction in slot.transactions)
        )

    async def _search(self, missing: Set[int], open_slots: Sequence[NonceSlot], head: BlockRef) -> Mapping[int, Place]:
        low = self._explained_at
        if low is None:
            low = min(slot.transactions[0].head_number for slot in open_slots if slot.nonce in missing) - 1
        return await self._scan(missing, low, head.number)

    async def _scan(self, nonces: Set[int], low: int, high: int) -> Mapping[int, Place]:
        """The transactions that used these nonces, within `_SCAN` blocks of the one that used the lowest."""
        low = max(low, -1)
        if high - low > _SCAN:
            low, high = await self._narrowed(min(nonces), low, high)
        places: dict[int, Place] = {}
        heights = range(low + 1, high + 1)
        answers = await self._node.batch([("eth_getBlockByNumber", [hex(height), True]) for height in heights]) if heights else ()
        for height, answer in zip(heights, answers, strict=True):
            block = result_of(answer)
            if block is None:
                continue
            ref, followed = _block(block), self._followed.at(height)
            if followed is None or followed.hash == ref.hash:
                places |= {nonce: Place(name, ref) for nonce, name in self._page(ref, block).items() if nonce in nonces}
        return places

    def _page(self, ref: BlockRef, block: Json) -> Mapping[int, Hash32]:
        if ref.hash not in self._pages:
            try:
                own_transactions = [item for item in block["transactions"] if item["from"].lower() == self._sender]
                hashes = {quantity(item["nonce"]): hash32(item["hash"]) for item in own_transactions}
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise RpcUnavailable(f"a malformed block: {error!r}") from error
            self._pages = {**dict(list(self._pages.items())[-_PAGES:]), ref.hash: hashes}
        return self._pages[ref.hash]

    async def _narrowed(self, nonce: int, low: int, high: int) -> tuple[int, int]:
        """The range in which the count passes `nonce`, by the counts at its blocks; its newest end where no endpoint has them any more."""
        while high - low > _SCAN:
            heights = sorted({low + (high - low) * place // _SCAN for place in range(1, _SCAN)})
            answers = await self._node.batch([("eth_getTransactionCount", [self._sender, hex(height)]) for height in heights])
            counts = {height: quantity(answer) for height, answer in zip(heights, answers, strict=True) if isinstance(answer, str)}
            if not counts:
                return high - _SCAN, high
            low = max((height for height, count in counts.items() if count <= nonce), default=low)
            high = min((height for height, count in counts.items() if count > nonce), default=high)
            if low not in counts and high not in counts:
                break
        return max(low, high - _SCAN), high

    async def _candidates(
        self, open_slots: Sequence[NonceSlot], claims: _Claims, places: Mapping[int, Place], head: BlockRef
    ) -> tuple[dict[BlockRef, list[OutboxTransaction]], set[int]]:
        """Canonical blocks, each with the keeper's transactions that receipts place in it; and nonces whose receipt is of another block."""
        transactions = {transaction.hash: transaction for slot in open_slots for transaction in slot.transactions}
        positions = {(name, receipt.block_number, receipt.block_hash) for name, receipts in claims.receipts.items() for receipt in receipts}
        blocks = await self._blocks({number for _, number, _ in positions}, head)
        by_block: dict[BlockRef, list[OutboxTransaction]] = defaultdict(list)
        unclear: set[int] = set()
        for name, number, block_hash in sorted(positions):
            block = blocks.get(number)
            if block is None or block.hash != block_hash:
                unclear.add(transactions[name].nonce)
            else:
                by_block[block].append(transactions[name])
        for place in places.values():
            if place.transaction_hash in transactions:
                by_block[place.block].append(transactions[place.transaction_hash])
        return by_block, unclear

    async def _blocks(self, numbers: Iterable[int], head: BlockRef) -> Mapping[int, BlockRef]:
        """The canonical blocks at these heights up to the head."""
        blocks = {number: self._followed.at(number) for number in numbers if number <= head.number}
        unknown_heights = sorted(number for number, block in blocks.items() if block is None)
        if unknown_heights:
            answers = await self._node.batch([("eth_getBlockByNumber", [hex(number), False]) for number in unknown_heights])
            headers = zip(unknown_heights, map(result_of, answers), strict=True)
            blocks |= {number: _block(header) for number, header in headers if header}
        return {number: block for number, block in blocks.items() if block is not None}

    async def _prove(self, by_block: Mapping[BlockRef, Sequence[OutboxTransaction]], unclear: set[int]) -> dict[int, Mined]:
        mined: dict[int, Mined] = {}
        for block, transactions in by_block.items():
            try:
                receipts = await self._receipts(block, transactions)
            except (Transient, BlockUnknown):
                unclear |= {transaction.nonce for transaction in transactions}
                continue
            receipt_pairs = [(transaction, receipts[transaction.hash]) for transaction in transactions if transaction.hash in receipts]
            failures = [transaction for transaction, receipt in receipt_pairs if not receipt.succeeded]
            payloads = await revert_payloads(self._node, failures, self._sender, block)
            for transaction, receipt in receipt_pairs:
                mined[transaction.nonce] = Mined(transaction, receipt, block, payloads.get(transaction.hash, b""))
        return mined

    async def _receipts(self, block: BlockRef, transactions: Sequence[OutboxTransaction]) -> Mapping[Hash32, Receipt]:
        """The receipts the block holds, proven by its header; without such proof, those on which all endpoints that answer agree."""
        block_receipts = await self._node.block_receipts(block)
        if block_receipts is not None:
            hashes = {transaction.hash for transaction in transactions}
            own_receipts = [parse_receipt(item) for item in block_receipts if str(item.get("transactionHash")).lower() in hashes]
            return {receipt.transaction_hash: receipt for receipt in own_receipts if receipt is not None}
        opinions = await self._node.opinions([("eth_getTransactionReceipt", [transaction.hash]) for transaction in transactions])
        common_receipts: dict[Hash32, Receipt] = {}
        for place, transaction in enumerate(transactions):
            receipts = [parse_receipt(result_of(answers[place])) for _, answers in opinions if not isinstance(answers[place], RpcError)]
            if (
                receipts
                and receipts[0] is not None
                and all(receipt == receipts[0] for receipt in receipts)
                and receipts[0].block_hash == block.hash
            ):
                common_receipts[transaction.hash] = receipts[0]
        return common_receipts


def _claims(answers: Sequence[Answer], hashes: Sequence[Hash32]) -> _Claims:
    """Raises RpcError; RpcUnavailable for a malformed answer."""
    try:
        used = quantity(result_of(answers[0]))
    except (TypeError, ValueError, AttributeError) as error:
        raise RpcUnavailable(f"a malformed count: {error!r}") from error
    receipts = [parse_receipt(result_of(answer)) for answer in answers[1 : 1 + len(hashes)]]
    headers = [_block(header) for answer in answers[1 + len(hashes) :] if (header := result_of(answer))]
    return _Claims(
        used,
        {receipt.transaction_hash: [receipt] for receipt in receipts if receipt is not None and receipt.transaction_hash in hashes},
        {block.number: block for block in headers},
    )


def _sensible(answers: Sequence[Answer], hashes: Sequence[Hash32]) -> _Claims | None:
    """The claims of one endpoint; None when they are malformed."""
    try:
        return _claims(answers, hashes)
    except (RpcError, RpcUnavailable):
        return None


async def mined_hash(node: Node, slot: NonceSlot) -> str | None:
    """The transaction of a nonce that has a receipt, canonical or not. Raises as `read`."""
    answers = await node.batch([("eth_getTransactionReceipt", [transaction.hash]) for transaction in slot.transactions])
    pairs = zip(slot.transactions, answers, strict=True)
    return next((transaction.hash for transaction, answer in pairs if parse_receipt(result_of(answer))), None)


def _block(header: Json) -> BlockRef:
    try:
        return BlockRef(
            quantity(header["number"]),
            hash32(header["hash"]),
            hash32(header["parentHash"]),
            Timestamp(quantity(header["timestamp"])),
            quantity(header.get("baseFeePerGas") or "0x0"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RpcUnavailable(f"a malformed block header: {error!r}") from error
