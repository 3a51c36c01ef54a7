"""Custom errors by their signatures, with what they carry."""

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keeper.domain.revert import CustomErrors, solidity_reason

_READ = CustomErrors(("Wrong(string,uint256)", "Many(bytes[])", "Wrapped(bytes)", "Nothing()"), lambda data: solidity_reason(data, {}))


def _error(signature: str, *values: object) -> bytes:
    kinds = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4] + encode(kinds.split(",") if kinds else [], values)


def test_texts_and_errors_inside_of_errors() -> None:
    """Also those of a library, and what nobody knows."""
    inner = [_error("Wrong(string,uint256)", "too late", 7), _error("Nothing()"), _error("Error(string)", "no"), b"\1\2\3\4"]
    assert _READ(_error("Many(bytes[])", inner)) == "Many([Wrong(too late, 7), Nothing(), no, 0x01020304])"
    assert _READ(_error("Wrapped(bytes)", inner[0])) == "Wrapped(Wrong(too late, 7))"


def test_a_cut_payload_is_read_as_far_as_it_goes() -> None:
    whole = _error("Many(bytes[])", [_error("Nothing()")] * 3)
    for length in range(4, len(whole)):
        assert _READ(whole[:length]).startswith("Many([")
    assert _READ(keccak(text="Many(bytes[])")[:4] + b"\xff" * 320)
