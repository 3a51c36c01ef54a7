"""One address answers for every module of the market."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.rpc import RpcError
from contracts.devnet.synthetix_v3.artifacts import MARKET_MODULES, artifact
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet

pytestmark = pytest.mark.fork


def _module(devnet: SynthetixDevnet, selector: bytes) -> int:
    call = {"to": devnet.deployment.contracts.perps_market, "data": calldata("facetAddress(bytes4)", selector)}
    return int(returned(("address",), devnet.rpc.call("eth_call", call, "latest"))[0], 16)


def test_every_function_of_every_module_is_answered_by_that_module(synthetix_devnet: SynthetixDevnet) -> None:
    modules = {}
    for module in (*MARKET_MODULES, "TestAccountModule"):
        addresses = {_module(synthetix_devnet, selector) for selector in artifact(module).selectors}
        assert len(addresses) == 1, module
        modules[module] = addresses.pop()
    assert len(set(modules.values())) == len(modules)
    assert 0 not in modules.values()
    assert sum(len(artifact(module).selectors) for module in modules) >= 118


def test_an_unknown_function_is_refused_by_name(synthetix_devnet: SynthetixDevnet) -> None:
    call = {"to": synthetix_devnet.deployment.contracts.perps_market, "data": "0x12345678"}
    with pytest.raises(RpcError) as raised:
        synthetix_devnet.rpc.call("eth_call", call, "latest")
    reason = keccak(text="UnknownSelector(bytes4)")[:4] + encode(("bytes4",), (bytes.fromhex("12345678"),))
    assert raised.value.data == "0x" + reason.hex()
