"""The failure model. What is expected is a value (`Skip`, `SimReverted`, `Outbid`); an exception is what the code at hand cannot answer.

KeeperError
├── ConfigError          the operator must mend something; exit 2; the message names the file, the key and the mend
├── Transient            worth a retry with backoff inside the adapter; becomes Fatal when the adapter gives up
│   ├── RpcUnavailable   no endpoint answered sensibly (refused, timed out, HTML, wrong JSON)
│   ├── RpcLimited       the provider refused the size or rate of a request
│   ├── EndpointsDisagree  endpoints give different answers about the same block, and there is no majority
│   ├── PriceUnavailable   no price service gave a usable quote
│   └── SignerUnavailable  a remote signer gave no usable signature (silent, refusing, or it signed something else)
├── RpcError             the node understood the request and said no (a JSON-RPC error object)
│   └── BlockUnknown     no endpoint knows the block (any more): most likely it was orphaned, and the follower will say so next
├── VenueFault           one venue cannot go on; it stops, the others continue
│   ├── DecodeError      a log of a claimed contract did not decode
│   └── StateDivergence  local state differs from the contract's own view
└── Fatal                the daemon stops with exit 1; the supervisor restarts it, and start-up is recovery
    ├── ReorgBeyondFinality
    ├── NonceConflict    the key is used by somebody else
    └── StoreError       the lake or the outbox cannot be written
"""


class KeeperError(Exception):
    """Base of everything perp-keeper raises on purpose."""


class ConfigError(KeeperError):
    """The settings are wrong. Consequence: exit 2 before anything is started."""


class Transient(KeeperError):
    """May work when tried again. Consequence: the adapter retries with backoff."""


class RpcUnavailable(Transient):
    """No endpoint gave a usable answer."""


class RpcLimited(Transient):
    """The provider refused the range, the size or the rate of a request; `hint` is its own text."""

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


class EndpointsDisagree(Transient):
    """Endpoints differ about one block and nobody can tell who is right. Consequence: the venue holds until they agree."""


class PriceUnavailable(Transient):
    """A price service, or every one, gave no usable quote. Consequence: the next is asked; without any, what needs it is not decided."""


class SignerUnavailable(Transient):
    """A remote signer gave no usable signature. Consequence: nothing is written or sent; the candidate comes again with the next block."""


class RpcError(KeeperError):
    """A JSON-RPC error object. `data` is the revert payload of a call, when there is one."""

    def __init__(self, code: int, message: str, data: bytes = b"") -> None:
        super().__init__(f"{message} (code {code})")
        self.code = code
        self.message = message
        self.data = data


class BlockUnknown(RpcError):
    """The block asked for is not, or no longer, known. Consequence: drop the work for that block and await the next chain event."""


class VenueFault(KeeperError):
    """One venue cannot go on. Consequence: it stops and says so; other venues continue."""


class DecodeError(VenueFault):
    """A log of a contract the venue claims does not decode: the state would be a guess from here on."""


class StateDivergence(VenueFault):
    """Local state and the contract's own view differ at the same block. Never healed silently."""


class Fatal(KeeperError):
    """The daemon cannot go on. Consequence: everything is closed in order, exit 1."""


class ReorgBeyondFinality(Fatal):
    """The chain replaced a block the daemon had taken for final."""


class NonceConflict(Fatal):
    """A nonce of our key was used by a transaction we did not send."""


class StoreError(Fatal):
    """The lake or the outbox cannot be written (full disk, newer schema, foreign file)."""
