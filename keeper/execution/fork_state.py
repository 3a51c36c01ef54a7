"""State of the newest blocks, as the forks need it: fetched once for all forks, and for a new block ahead, in a few requests."""

import asyncio
import gzip
import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from keeper.domain.chain import BlockRef, Hash32
from keeper.errors import BlockUnknown, RpcError, RpcLimited, RpcUnavailable
from keeper.execution.node import Json, Node, result_of

Question: TypeAlias = tuple[str, str]
"""A method, and its parameters without the block as JSON text: the same from block to block."""
_ACCOUNT = ("eth_getBalance", "eth_getTransactionCount", "eth_getCode")
_DELEGATION = "0xef01"
"""An account that delegates to a contract's code (EIP-7702), and may change its delegation."""
_BLOCKS = 4
_ONCE_BLOCKS, _AGAIN_BLOCKS = 4, 64
_MOST_AHEAD = 600


@dataclass(slots=True)
class _Use:
    """For how many blocks a question was asked, and the last of them, counted from the start of the process."""

    blocks: int
    last: int


class ForkState:
    """Answers to questions about blocks named by hash: those cannot change, so they are kept, as JSON text, for the newest few blocks.

    A contract's code is kept for every block: it does not change (EIP-6780), and is nearly all of the traffic. On a chain that allows
    otherwise a simulation may be wrong; the executor's own guard on the chain covers that."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._states: OrderedDict[Hash32, dict[Question, bytes]] = OrderedDict()
        self._codes: dict[Question, bytes] = {}
        self._headers: OrderedDict[tuple[Hash32, bool], bytes] = OrderedDict()
        self._asked: dict[Question, _Use] = {}
        self._blocks = 0
        self._turn = asyncio.Lock()
        self._dumped: tuple[tuple[Hash32, int] | None, str | None] = (None, None)

    async def fetch_ahead(self, block: BlockRef) -> None:
        """Fetch for this block the answers to recent questions, in as few requests as the endpoints allow.

        Only speed is lost when it fails. The EVM asks for one slot after the other, each a round trip: some 170 for a liquidation."""
        async with self._turn:
            if block.hash in self._states:
                return
            state = self._open(block.hash)
            state.update({question: code for question, code in self._codes.items() if question in self._asked})
            questions = [question for question in self._lately() if question not in state]
            if not questions:
                return
            try:
                answers = await self._node.batch([(method, _pinned(text, block.hash)) for method, text in questions])
            except (RpcError, RpcUnavailable, RpcLimited):
                return
            for question, answer in zip(questions, answers, strict=True):
                if not isinstance(answer, RpcError):
                    self._keep(state, question, answer)

    def dump(self, block_hash: Hash32) -> str | None:
        """The known accounts and slots of a block as anvil_loadState takes them. None where nothing is known, or nothing legible."""
        state = self._open(block_hash)
        key = (block_hash, len(state))
        if self._dumped[0] != key:
            self._dumped = (key, _loadable(state))
        return self._dumped[1]

    async def answer(self, block_hash: Hash32, method: str, parameters: Sequence[Json]) -> bytes:
        """The answer as JSON text; `parameters` are those before the block. Raises as `Node.batch`, and RpcError.

        anvil asks for a whole account by one method or by three, whichever it finds to be offered at a reset: here each is answered out of
        the three that every node has."""
        if method != "eth_getAccountInfo":
            return (await self._answers(block_hash, [method], parameters))[0]
        balance, nonce, code = await self._answers(block_hash, _ACCOUNT, parameters)
        return b'{"balance":' + balance + b',"nonce":' + nonce + b',"code":' + code + b"}"

    async def header(self, block_hash: Hash32, full: bool) -> bytes:
        """The block itself, with its transactions where `full`. Raises BlockUnknown, and as `Node.request`."""
        if (block_hash, full) not in self._headers:
            block = await self._node.request("eth_getBlockByHash", [block_hash, full])
            if block is None:
                raise BlockUnknown(0, f"no endpoint asked has block {block_hash}")
            self._headers[block_hash, full] = _text(block)
            while len(self._headers) > 2 * _BLOCKS:
                self._headers.popitem(last=False)
        return self._headers[block_hash, full]

    async def _answers(self, block_hash: Hash32, methods: Sequence[str], parameters: Sequence[Json]) -> list[bytes]:
        text = json.dumps(parameters)
        state = self._open(block_hash)
        questions = [(method, text) for method in methods]
        for question in questions:
            self._note(question)
        missing = [question for question in questions if question not in state]
        if missing:
            answers = await self._node.batch([(method, _pinned(text, block_hash)) for method, text in missing])
            for question, answer in zip(missing, answers, strict=True):
                self._keep(state, question, result_of(answer))
        return [state[question] for question in questions]

    def _note(self, question: Question) -> None:
        use = self._asked.setdefault(question, _Use(0, -1))
        if use.last != self._blocks:
            use.blocks, use.last = use.blocks + 1, self._blocks

    def _lately(self) -> list[Question]:
        """The questions that the next candidates will most likely have, the likeliest first.

        A fork does not ask for state fetched ahead, so a question is remembered for some blocks. One that comes up again later belongs to
        the venue itself and is remembered for long; the others belong to one account, and are soon out of use."""
        for question, use in list(self._asked.items()):
            if self._blocks - use.last > _AGAIN_BLOCKS:
                del self._asked[question]
        ranking = [
            (use.blocks, use.last, question)
            for question, use in self._asked.items()
            if self._blocks - use.last <= (_ONCE_BLOCKS if use.blocks == 1 else _AGAIN_BLOCKS)
        ]
        return [question for _, _, question in sorted(ranking, reverse=True)[:_MOST_AHEAD]]

    def _keep(self, state: dict[Question, bytes], question: Question, answer: Json) -> None:
        state[question] = _text(answer)
        if question[0] == "eth_getCode" and isinstance(answer, str) and len(answer) > 2 and not answer.startswith(_DELEGATION):
            self._codes[question] = state[question]

    def _open(self, block_hash: Hash32) -> dict[Question, bytes]:
        if block_hash not in self._states:
            self._states[block_hash] = {}
            self._blocks += 1
            while len(self._states) > _BLOCKS:
                self._states.popitem(last=False)
        return self._states[block_hash]


def _loadable(answers: Mapping[Question, bytes]) -> str | None:
    """The answers joined unparsed: most of their bytes are code."""
    accounts: dict[str, dict[str, bytes]] = {}
    slots: dict[str, list[bytes]] = {}
    for (method, text), answer in answers.items():
        if method == "eth_getStorageAt":
            address, slot = json.loads(text)
            slots.setdefault(address, []).append(_text(slot) + b":" + answer)
        elif method in _ACCOUNT:
            (address,) = json.loads(text)
            accounts.setdefault(address, {})[method] = answer
    complete_accounts = {address: fields for address, fields in accounts.items() if len(fields) == len(_ACCOUNT)}
    if not complete_accounts:
        return None
    try:
        accounts_text = b",".join(_account(address, fields, slots.get(address, ())) for address, fields in complete_accounts.items())
    except (TypeError, ValueError):
        # An answer is malformed; the fork fails on it where it matters.
        return None
    state = b'{"block":null,"accounts":{' + accounts_text + b'},"best_block_number":null,"blocks":[],"transactions":[]}'
    return "0x" + gzip.compress(state, compresslevel=1).hex()


def _account(address: str, answers: Mapping[str, bytes], slots: Iterable[bytes]) -> bytes:
    balance, nonce, code = (answers[method] for method in _ACCOUNT)
    number = b"%d" % int(json.loads(nonce), 16)
    fields = b'{"balance":' + balance + b',"nonce":' + number + b',"code":' + code + b',"storage":{' + b",".join(slots) + b"}}"
    return _text(address) + b":" + fields


def _pinned(parameters: str, block_hash: Hash32) -> list[Json]:
    return [*json.loads(parameters), {"blockHash": block_hash}]


def _text(answer: Json) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()
