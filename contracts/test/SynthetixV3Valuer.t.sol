// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISnxUsd, SynthetixV3Valuer} from "../src/SynthetixV3Valuer.sol";
import {TestToken} from "../src/TestToken.sol";

contract SynthetixV3ValuerTest {
    address private constant ACCOUNT = address(0xbeef);

    TestToken private _usd;
    SynthetixV3Valuer private _valuer;

    function setUp() public {
        _usd = new TestToken("Synthetic USD Token v3", "snxUSD", 18);
        _valuer = new SynthetixV3Valuer(ISnxUsd(address(_usd)));
    }

    function testAnAccountIsWorthItsSnxUsd(uint128 amount) public {
        _usd.mint(ACCOUNT, amount);
        (int256 total, int256 equity, uint256 exposure) = _valuer.valuation(ACCOUNT);
        assert(total == int256(uint256(amount)) && equity == 0 && exposure == 0);
    }

    function testWhatOthersHaveDoesNotCount() public {
        _usd.mint(address(this), 1e18);
        (int256 total, , ) = _valuer.valuation(ACCOUNT);
        assert(total == 0);
    }

    function testItNamesItsToken() public view {
        assert(address(_valuer.snxUsd()) == address(_usd));
    }
}
