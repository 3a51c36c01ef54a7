"""The owner's account: simulates steps, sends them one after the other, and waits for each to be mined."""

import asyncio
from collections.abc import MutableMapping, Sequence
from pathlib import Path

import rlp
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from keeper.domain.chain import Address
from keeper.domain.parse import address, hex_bytes, quantity
from keeper.errors import KeeperError, RpcError
from keeper.execution.keystore import KeystoreNames, open_keystore
from keeper.execution.node import Json, Node
from keeper.execution.ownership import Step

OWNER_PASSWORD_VARIABLE = "PERP_KEEPER_OWNER_PASSWORD"  # noqa: S105 - the name of a variable, not a password
_NAMES = KeystoreNames("--owner-key", "--password-file", OWNER_PASSWORD_VARIABLE, "owner's")
_DYNAMIC_FEE = 2
_GAS_ROOM_PERCENT = 130
_POLL_SECONDS = 0.5
_POLLS = 600


class StepFailed(KeeperError):
    """A step of the owner was mined and reverted, or was not mined in time. The steps sent before it stand."""


class OwnerWallet:
    """One key. Its text form shows the address only."""

    def __init__(self, node: Node, account: LocalAccount, chain_id: int) -> None:
        self._node = node
        self._account = account
        self._chain_id = chain_id
        self.address = Address(account.address.lower())

    @classmethod
    def open(
        cls, node: Node, chain_id: int, key_file: Path, password_file: Path | None, environment: MutableMapping[str, str]
    ) -> "OwnerWallet":
        """From an encrypted keystore. Raises ConfigError naming the option and the mend."""
        return cls(node, open_keystore(key_file, password_file, environment, _NAMES), chain_id)

    async def balance_wei(self) -> int:
        """Its balance of native coin."""
        return quantity(await self._node.request("eth_getBalance", [self.address, "latest"]))

    async def created_address(self, ahead: int) -> Address:
        """Of the contract that its transaction after `ahead` others will create."""
        number = await self._nonce() + ahead
        return Address("0x" + keccak(rlp.encode([bytes.fromhex(self.address[2:]), number]))[12:].hex())

    async def estimate(self, step: Step) -> int:
        """Gas the step would use now. Raises RpcError, with the revert data, where it would fail."""
        return quantity(await self._node.request("eth_estimateGas", [self._call(step)]))

    async def try_out(self, steps: Sequence[Step]) -> Sequence[int | RpcError | None]:
        """For each step the gas it would use after those before it, or its error. Without eth_simulateV1 at the node each step is simulated
        alone, and None stands for those that need an earlier one."""
        try:
            blocks = await self._node.request(
                "eth_simulateV1", [{"blockStateCalls": [{"calls": [self._call(step) for step in steps]}]}, "latest"]
            )
        except RpcError:
            return [None if step.follows else await self._tried(step) for step in steps]
        return [_simulated(answer) for answer in blocks[0]["calls"]]

    async def _tried(self, step: Step) -> int | RpcError:
        try:
            return await self.estimate(step)
        except RpcError as error:
            return error

    async def send(self, step: Step) -> Json:
        """Send the step and wait for its receipt. Raises RpcError when the estimate fails, StepFailed when the transaction does."""
        gas = await self.estimate(step) * _GAS_ROOM_PERCENT // 100
        head = await self._node.request("eth_getBlockByNumber", ["latest", False])
        tip = quantity(await self._node.request("eth_maxPriorityFeePerGas", []))
        fields: dict[str, Json] = {
            "type": _DYNAMIC_FEE,
            "chainId": self._chain_id,
            "nonce": await self._nonce(),
            "value": step.value_wei,
            "data": step.data,
            "gas": gas,
            "maxFeePerGas": 2 * quantity(head.get("baseFeePerGas", "0x0")) + tip,
            "maxPriorityFeePerGas": tip,
        }
        if step.target is not None:
            fields["to"] = bytes.fromhex(step.target[2:])
        envelope = self._account.sign_transaction(fields)
        transaction_hash = await self._node.request("eth_sendRawTransaction", ["0x" + bytes(envelope.raw_transaction).hex()])
        return await self._mined(step, transaction_hash)

    async def _mined(self, step: Step, transaction_hash: str) -> Json:
        for _ in range(_POLLS):
            receipt = await self._node.request("eth_getTransactionReceipt", [transaction_hash])
            if receipt is None:
                await asyncio.sleep(_POLL_SECONDS)
            elif quantity(receipt["status"]) == 1:
                return receipt
            else:
                raise StepFailed(f"{step.function}: {transaction_hash} reverted. Run the command again with --dry-run to see why.")
        raise StepFailed(
            f"{step.function}: {transaction_hash} is not mined after {_POLLS * _POLL_SECONDS:.0f} s. Wait for it, then run the command "
            "again: what is done already is left out."
        )

    async def _nonce(self) -> int:
        return quantity(await self._node.request("eth_getTransactionCount", [self.address, "pending"]))

    def _call(self, step: Step) -> dict[str, str]:
        fields = {"from": self.address, "data": "0x" + step.data.hex(), "value": hex(step.value_wei)}
        return fields if step.target is None else {**fields, "to": step.target}

    def __repr__(self) -> str:
        return f"OwnerWallet({self.address})"


def _simulated(answer: Json) -> int | RpcError:
    if quantity(answer["status"]) == 1:
        return quantity(answer["gasUsed"])
    error = answer.get("error") or {}
    return RpcError(int(error.get("code", 0)), str(error.get("message", "reverted")), hex_bytes(answer.get("returnData") or "0x"))


def created(receipt: Json) -> Address:
    """The address of the contract that the receipt's transaction created."""
    return address(receipt["contractAddress"])
