// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {TestToken} from "./TestToken.sol";

interface ITradedPool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function slot0() external view returns (uint160 sqrtPriceX96, int24, uint16, uint16, uint16, uint8, bool);
    function mint(address recipient, int24 lower, int24 upper, uint128 liquidity, bytes calldata data) external returns (uint256, uint256);
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata data
    ) external returns (int256, int256);
}

/// @title Gives liquidity to Uniswap V3 pools of test tokens and trades them to any price, with tokens it mints as it needs them.
/// @notice Never for a public chain. Who calls the callbacks himself gets test tokens, which anybody may mint anyway.
contract TestPoolTrader {
    /// @notice Adds liquidity to a range of usable ticks.
    function provide(ITradedPool pool, int24 lower, int24 upper, uint128 liquidity) external {
        pool.mint(address(this), lower, upper, liquidity, "");
    }

    /// @notice Buys or sells until the pool's price is this one.
    function trade(ITradedPool pool, uint160 sqrtPriceX96) external {
        (uint160 present, , , , , , ) = pool.slot0();
        if (present == sqrtPriceX96) return;
        pool.swap(address(this), sqrtPriceX96 < present, type(int128).max, sqrtPriceX96, "");
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        _pay(amount0, amount1);
    }

    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        _pay(amount0Delta > 0 ? uint256(amount0Delta) : 0, amount1Delta > 0 ? uint256(amount1Delta) : 0);
    }

    function _pay(uint256 amount0, uint256 amount1) private {
        if (amount0 > 0) TestToken(ITradedPool(msg.sender).token0()).mint(msg.sender, amount0);
        if (amount1 > 0) TestToken(ITradedPool(msg.sender).token1()).mint(msg.sender, amount1);
    }
}
