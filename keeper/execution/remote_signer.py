"""A key elsewhere, in a KMS, an HSM or a hardware wallet, behind JSON-RPC `eth_signTransaction` as Web3Signer serves it
(https://docs.web3signer.consensys.io/reference/api/json-rpc). No answer is believed that was not verified."""

from collections.abc import Callable, Mapping

from keeper.domain.chain import Address
from keeper.domain.parse import hex_bytes
from keeper.errors import SignerUnavailable
from keeper.execution.envelope import WrongEnvelope, verified
from keeper.execution.signer import Signed, Unsigned
from keeper.execution.signing_service import SignerSilent, SigningService


class RemoteSigner:
    """The signatures of `address`, which each request names as its sender. `report` is told what is wrong with the signer, and None when it
    works again.

    A request that was cut off may have been signed. Nobody but the signer has that signature, and the nonce is not taken: the next
    request for it may be about another transaction."""

    prompt = False

    def __init__(self, service: SigningService, address: Address, report: Callable[[str | None], None]) -> None:
        self.address = address
        self._service = service
        self._report = report
        self._in_doubt = True

    async def sign(self, unsigned: Unsigned) -> Signed:
        """The transaction signed by `address`, and nothing else. Raises SignerUnavailable: it gives no answer, refuses, or has signed
        something else."""
        try:
            signed = await self._signed(unsigned)
        except SignerUnavailable as error:
            self._in_doubt = isinstance(error, SignerSilent)
            self._report(str(error))
            raise
        self._in_doubt = False
        self._report(None)
        return signed

    async def probe(self) -> None:
        """Ask for its accounts, at the start and after a silence. A signer that does not tell them may sign all the same."""
        if not self._in_doubt:
            return
        try:
            accounts = await self._service.ask("eth_accounts", [])
        except SignerSilent as error:
            self._report(str(error))
            return
        except SignerUnavailable:
            accounts = None
        self._in_doubt = isinstance(accounts, list) and self.address not in [str(account).lower() for account in accounts]
        self._report(f"{self._service.name} does not hold the key of {self.address}; load it there" if self._in_doubt else None)

    async def _signed(self, unsigned: Unsigned) -> Signed:
        answer = await self._service.ask("eth_signTransaction", [_transaction(unsigned, self.address)])
        try:
            raw = hex_bytes(str(answer))
        except ValueError:
            raise SignerUnavailable(f"{self._service.name} answered with no signed transaction") from None
        try:
            return verified(raw, unsigned, self.address)
        except WrongEnvelope as error:
            raise SignerUnavailable(f"{self._service.name} answered wrongly: {error}") from None

    def __repr__(self) -> str:
        return f"RemoteSigner({self.address})"


def _transaction(unsigned: Unsigned, address: Address) -> Mapping[str, str]:
    """The parameter of eth_signTransaction. Web3Signer takes the chain id of its own settings; others look at the one named here."""
    return {
        "type": "0x2",
        "chainId": hex(unsigned.chain_id),
        "from": address,
        "to": unsigned.to,
        "nonce": hex(unsigned.nonce),
        "gas": hex(unsigned.gas_limit),
        "maxFeePerGas": hex(unsigned.fees.max_fee_wei),
        "maxPriorityFeePerGas": hex(unsigned.fees.priority_fee_wei),
        "value": "0x0",
        "data": "0x" + unsigned.calldata.hex(),
    }
