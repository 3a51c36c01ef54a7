// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IValuer} from "./IValuer.sol";

interface ISnxUsd {
    function balanceOf(address account) external view returns (uint256);
}

/// @title What a liquidator is worth on Synthetix Perps V3: the snxUSD it has been paid.
/// @notice The venue closes positions against its liquidity providers, so that whoever liquidates carries none and needs no
/// margin: nothing is at stake there. snxUSD counts as a dollar, as the venue itself counts it.
contract SynthetixV3Valuer is IValuer {
    ISnxUsd public immutable snxUsd;

    /// @param snxUsd_ the deployment's USDProxy, with 18 decimals
    constructor(ISnxUsd snxUsd_) {
        snxUsd = snxUsd_;
    }

    /// @inheritdoc IValuer
    function valuation(address account) external view returns (int256 total, int256 equity, uint256 exposure) {
        return (int256(snxUsd.balanceOf(account)), 0, 0);
    }
}
