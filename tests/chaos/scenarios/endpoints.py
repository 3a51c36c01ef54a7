"""One endpoint is sick, or both in turns: the work goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.chaos import faults
from tests.chaos.proxy import Fault
from tests.chaos.scenario import Scenario, Script
from tests.chaos.stage import Set, Stage

Ailment = Callable[[Stage], Fault]
_ONE, _TWO = Set(endpoints=1), Set(endpoints=2)
_ILL_BLOCKS, _WELL_BLOCKS = 16, 10
_LEAST_MINED = 3
"""In as many blocks of a fall about 15 accounts become liquidatable."""


def calm(stage: Stage) -> None:
    """Nothing goes wrong."""
    stage.begin()
    stage.fall()
    stage.finish()


def falls_ill(ailment: Ailment, *, at: int = 0, blocks: int = _ILL_BLOCKS, after: int = _WELL_BLOCKS) -> Script:
    """The endpoint is sick for the middle of a fall, then well again."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall()
        stage.blocks(after)
        before = stage.mined()
        with stage.fault(ailment(stage), at=at):
            stage.blocks(blocks)
        meanwhile = stage.mined() - before
        stage.notes["mined_meanwhile"] = meanwhile
        if stage.set.endpoints > 1:
            stage.expect(meanwhile >= _LEAST_MINED, f"only {meanwhile} transactions of ours were mined while one endpoint of two was sick")
        stage.finish()

    return script


def ill_in_turns(ailment: Ailment, turns: int = 4, blocks: int = 6) -> Script:
    """Now the one, now the other."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall()
        for turn in range(turns):
            with stage.fault(ailment(stage), at=turn % 2):
                stage.blocks(blocks)
            stage.blocks(2)
        stage.finish()

    return script


def _error(code: int, message: str, *methods: str, share: float = 1.0) -> Ailment:
    return lambda _: faults.Refusal(*methods, code=code, message=message, share=share)


def _once(code: int, message: str) -> Ailment:
    return lambda _: faults.Refusal("eth_call", code=code, message=message, times=1)


_AILMENTS: Sequence[tuple[str, str, Ailment]] = (
    ("refusing", "refuses connections", lambda _: faults.Refuse()),
    ("hanging", "takes requests and never answers", lambda _: faults.Hang()),
    ("frozen", "stands still at an old head", lambda _: faults.Frozen()),
    ("errors", "answers every call with -32603", lambda _: faults.Refusal(code=-32_603, message="Internal error")),
    ("bad-gateway", "answers 502 with a page of HTML", lambda _: faults.Status(status=502, text="<html>Bad Gateway</html>")),
    ("throttled", "answers 429 with Retry-After", lambda _: faults.Status(status=429, headers={"Retry-After": "3"})),
    ("truncated", "sends half of its JSON", lambda _: faults.Truncated()),
    ("resetting", "resets connections in the middle of the body", lambda _: faults.Reset()),
    ("wrong-ids", "answers questions nobody asked", lambda _: faults.WrongIds()),
    ("slow", "takes 1.5 s for each answer", lambda _: faults.Slow(seconds=1.5)),
    ("flaky", "fails every third request", lambda _: faults.Status(status=503, text="overloaded", share=0.33)),
)

_ALIKE = frozenset({"bad-gateway", "truncated", "wrong-ids", "flaky"})
"""With a single endpoint these are the same as errors: no usable answer."""

_SOCKET: Sequence[tuple[str, str, Ailment]] = (
    ("socket-silent", "announces no heads", lambda _: faults.Deaf()),
    ("socket-flood", "announces every head 300 times", lambda _: faults.Flood()),
    ("socket-stammer", "announces the same old head again and again", lambda _: faults.Stammer()),
    ("socket-garbage", "announces nonsense", lambda _: faults.Garbage()),
)

_ODD: Sequence[tuple[str, str, Ailment, Set]] = (
    ("one-internal-error", "answers one eth_call with -32603 (F3)", _once(-32_603, "Internal error"), _TWO),
    ("out-of-gas", "answers eth_call with anvil's OutOfGas for a while (F3)", _error(-32_603, "EVM error OutOfGas", "eth_call"), _TWO),
    (
        "out-of-gas-one",
        "answers every third eth_call with anvil's OutOfGas",
        _error(-32_603, "EVM error OutOfGas", "eth_call", share=0.33),
        _ONE,
    ),
    ("not-found", "answers every third request with -32001 (F7)", _error(-32_001, "Resource not found", share=0.33), _TWO),
    ("not-found-one", "answers every third request with -32001 (F7)", _error(-32_001, "Resource not found", share=0.33), _ONE),
    ("swallowing", "accepts transactions and forwards none", lambda _: faults.Swallow(), _TWO),
    ("half-swallowing", "forwards every second transaction only", lambda _: faults.Swallow(share=0.5), _ONE),
    ("send-refused", "refuses every transaction", _error(-32_000, "internal: try later", "eth_sendRawTransaction"), _TWO),
    ("rate-limit", "allows 10 requests a second", lambda _: faults.Rate(10), _TWO),
    ("rate-limit-one", "allows 15 requests a second", lambda _: faults.Rate(15), _ONE),
    ("giant-answers", "answers with 200 MB of zeros", lambda _: faults.Giant("eth_call", share=0.2), _TWO),
    ("gzip-bombs", "answers with 200 MB of zeros, packed", lambda _: faults.Giant("eth_call", gzipped=True, share=0.2), _TWO),
)

SCENARIOS: Sequence[Scenario] = (
    Scenario(name="calm", about="Nothing goes wrong.", script=calm, needs=_ONE),
    *(
        Scenario(name=f"{name}-one", about=f"The only endpoint {words}.", script=falls_ill(ailment), needs=_ONE)
        for name, words, ailment in _AILMENTS
        if name not in _ALIKE
    ),
    *(
        Scenario(
            name=f"{name}-two",
            about=f"The first of two endpoints {words}.",
            script=falls_ill(ailment),
            needs=_TWO,
            short=name == "refusing",
        )
        for name, words, ailment in _AILMENTS
    ),
    *(
        Scenario(name=f"{name}-in-turns", about=f"Now one endpoint, now the other {words}.", script=ill_in_turns(ailment), needs=_TWO)
        for name, words, ailment in _AILMENTS[:4]
    ),
    *(
        Scenario(name=name, about=f"The first endpoint {words}.", script=falls_ill(ailment), needs=needs)
        for name, words, ailment, needs in _ODD
    ),
    *(Scenario(name=name, about=f"The websocket {words}.", script=falls_ill(ailment), needs=_ONE) for name, words, ailment in _SOCKET),
)
