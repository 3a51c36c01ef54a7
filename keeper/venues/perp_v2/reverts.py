"""Revert payloads to named reasons: the venue's short codes, Solidity's own errors and those of the KeeperExecutor."""

from collections.abc import Mapping

from eth_utils.crypto import keccak

CODES: Mapping[str, str] = {
    "CH_EAV": "enough account value: healthy, or somebody was faster",
    "CH_CLWTISO": "the trader still has open orders; cancel them first",
    "CH_NEXO": "the orders cannot be cancelled (yet)",
    "CH_PSZ": "no taker position in this market",
    "CH_WLD": "wrong direction of the size to liquidate",
    "CH_NEFCI": "the executor's free collateral is too small (10 % initial margin)",
    "CH_NEFCM": "reducing a position below maintenance margin",
    "CH_IIC": "the insurance fund cannot cover the bad debt",
    "CH_MNO": "market not open",
    "CH_MNC": "market not closed",
    "CH_MP": "market paused",
    "CH_TE": "deadline passed",
    "CH_TLRS": "slippage: too little received when selling",
    "CH_TMRS": "slippage: too much requested when selling",
    "CH_TLRL": "slippage: too little received when buying",
    "CH_TMRL": "slippage: too much requested when buying",
    "CH_PSCF": "slippage check of a liquidity change failed",
    "CH_F0S": "a swap of nothing",
    "CH_OMPS": "over the maximum price spread",
    "CH_ONBM": "the order is not this maker's",
    "CH_TF": "token transfer failed",
    "EX_OPLAS": "the price would move beyond the ticks allowed in 15 s",
    "EX_OPB": "the price would leave the band around the index",
    "EX_MIP": "market paused: no tick may be crossed",
    "EX_BTNE": "unknown base token",
    "EX_TKMM": "tick mismatch between simulated and real swap",
    "UB_UOA": "the exact output was not filled",
    "AB_MNE": "the account would be in too many markets",
    "OB_ONE": "too many orders in the market",
    "V_NL": "the collateral is not liquidatable",
    "V_MSAE": "more settlement token than the maximum repayment",
    "V_MCAE": "more collateral than may be liquidated",
    "V_TINAC": "not a collateral token",
    "V_OSCT": "only the settlement token or a collateral token",
    "V_NEFC": "not enough free collateral to withdraw",
    "V_ZA": "amount is zero",
    "V_GTSTBC": "above the settlement-token cap",
    "V_GTDC": "above the deposit cap",
    "V_CSI": "the insurance fund cannot be settled",
    "V_CTNE": "too many collateral tokens",
    "V_IBA": "the token takes a fee on transfer",
    "OLD": "the pool's price history is too short for the TWAP",
    "CT_IPWU": "the price feed changed its price at an unchanged time",
    "CT_IPWCT": "the price feed changed its price at an unchanged time",
    "Pausable: paused": "the system is paused",
    "ReentrancyGuard: reentrant call": "re-entered",
}
"""What the `Error(string)` codes of the contracts mean for a keeper."""

_PANICS: Mapping[int, str] = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "bad enum value",
    0x32: "index out of bounds",
    0x41: "out of memory",
}
_ERRORS = (
    "ProfitTooLow(int256,int256)",
    "NotOwner(address)",
    "NotOperator(address)",
    "NotPendingOwner(address)",
    "Reentered()",
    "UnknownVenue(bytes32)",
    "NotAllowed(address,bytes4)",
    "WrongLength(address,bytes4,uint256)",
    "ArgumentRefused(address,bytes4,uint256,bytes32)",
    "ValueRefused(address,uint256,uint256)",
    "OverBudget(uint256,uint256,uint256)",
    "TransferFailed(address,bytes)",
    "RoleRefused(address)",
    "RuleInvalid(address,bytes4)",
)
_WORD = 32


class RevertNames:
    """Names revert payloads."""

    def __init__(self) -> None:
        self._errors = {keccak(text=signature)[:4]: signature for signature in _ERRORS}
        self._error_string = keccak(text="Error(string)")[:4]
        self._panic = keccak(text="Panic(uint256)")[:4]

    def __call__(self, data: bytes) -> str:
        """A named reason; the raw hex of a payload nobody knows."""
        if not data:
            return "no reason given: an address without code, or out of gas"
        selector, body = data[:4], data[4:]
        if selector == self._error_string:
            return _named(_string(body))
        if selector == self._panic:
            code = int.from_bytes(body[:_WORD], "big")
            return f"panic 0x{code:02x}: {_PANICS.get(code, 'unknown')}"
        signature = self._errors.get(selector)
        return _custom(signature, body, self) if signature else "0x" + data.hex()


def _named(code: str) -> str:
    return f"{code}: {CODES[code]}" if code in CODES else code


def _string(body: bytes) -> str:
    length = int.from_bytes(body[_WORD : 2 * _WORD], "big")
    return body[2 * _WORD : 2 * _WORD + length].decode("utf-8", errors="replace")


def _custom(signature: str, body: bytes, names: RevertNames) -> str:
    name, kinds = signature[:-1].split("(")
    parts: list[str] = []
    for index, kind in enumerate(kinds.split(",") if kinds else ()):
        start = index * _WORD
        value = body[start : start + _WORD]
        if kind == "address":
            parts.append("0x" + value[-20:].hex())
        elif kind in ("bytes4", "bytes32"):
            parts.append("0x" + value[: int(kind.removeprefix("bytes"))].hex())
        elif kind == "bytes":
            offset = int.from_bytes(value, "big")
            length = int.from_bytes(body[offset : offset + _WORD], "big")
            parts.append(names(body[offset + _WORD : offset + _WORD + length]))
        else:
            parts.append(str(int.from_bytes(value, "big", signed=True)))
    return f"{name}({', '.join(parts)})"
