// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

interface IUniswapV3Pool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata data
    ) external returns (int256 amount0, int256 amount1);
}

interface IPriceFeed {
    function decimals() external view returns (uint8);
    function latestRoundData() external view returns (uint80, int256 answer, uint256 startedAt, uint256 updatedAt, uint80);
}

interface IToken {
    function decimals() external view returns (uint8);
    function balanceOf(address account) external view returns (uint256);
}

/// @title Sells one token of one executor in one Uniswap V3 pool, never far below the oracle's price.
/// @notice The executor's operator may call `sell` with an amount and nothing else: payer and receiver are the executor,
/// token, pool and oracle are fixed, nothing can be changed after the creation, and this contract never holds anything.
/// Whoever moves the pool against a sale takes at most `maxSlippage` of what is sold; the executor's valuer sees that as
/// the loss it is, and it is charged to the day's budget. The pool's other token is taken to be worth one USD.
contract UniswapV3Exchange {
    uint256 private constant PPM = 1_000_000;
    /// @dev The ends of TickMath's range, exclusive: no limit of the pool's own stops a sale, the proceeds decide.
    uint160 private constant LOWEST = 4295128740;
    uint160 private constant HIGHEST = 1461446703485210103287273052203988822378723970341;

    address public immutable executor;
    IUniswapV3Pool public immutable pool;
    address public immutable token;
    address public immutable proceedsToken;
    IPriceFeed public immutable feed;
    /// @notice The largest sale, in proceeds token units at the oracle's price.
    uint256 public immutable maxSale;
    /// @notice What a sale may bring less than the oracle says, in millionths, the pool's fee included.
    uint256 public immutable maxSlippage;
    /// @notice The age, in seconds, from which on the oracle's answer does not count.
    uint256 public immutable maxAge;
    uint256 private immutable _scale;
    uint256 private immutable _unit;

    event Sold(uint256 amount, uint256 proceeds);

    error NotExecutor(address caller);
    error NotPool(address caller);
    error TermsInvalid();
    error PriceUnusable(int256 answer, uint256 updatedAt);
    error SaleTooLarge(uint256 worth, uint256 maxSale);
    error ProceedsTooLow(uint256 proceeds, uint256 least);
    error PaymentFailed(bytes reason);

    constructor(
        address executor_,
        IUniswapV3Pool pool_,
        address token_,
        IPriceFeed feed_,
        uint256 maxSale_,
        uint256 maxSlippage_,
        uint256 maxAge_
    ) {
        bool isFirst = pool_.token0() == token_;
        if (executor_ == address(0) || maxSlippage_ >= PPM || (!isFirst && pool_.token1() != token_)) revert TermsInvalid();
        (executor, pool, token, feed) = (executor_, pool_, token_, feed_);
        proceedsToken = isFirst ? pool_.token1() : pool_.token0();
        (maxSale, maxSlippage, maxAge) = (maxSale_, maxSlippage_, maxAge_);
        _scale = 10 ** (uint256(IToken(token_).decimals()) + feed_.decimals());
        _unit = 10 ** IToken(proceedsToken).decimals();
    }

    /// @notice Sells `amount` (token units) of the executor's, who must have approved it, and reverts unless the executor
    /// receives what the oracle says, less `maxSlippage` at most.
    /// @return proceeds what the executor received, in proceeds token units
    function sell(uint256 amount) external returns (uint256 proceeds) {
        if (msg.sender != executor) revert NotExecutor(msg.sender);
        uint256 value = worth(amount);
        if (value > maxSale) revert SaleTooLarge(value, maxSale);
        uint256 least = (value * (PPM - maxSlippage) + PPM - 1) / PPM;
        uint256 before = IToken(proceedsToken).balanceOf(executor);
        bool isFirst = token < proceedsToken;
        pool.swap(executor, isFirst, int256(amount), isFirst ? LOWEST : HIGHEST, "");
        // What arrived counts, not what the pool says.
        proceeds = IToken(proceedsToken).balanceOf(executor) - before;
        if (proceeds < least) revert ProceedsTooLow(proceeds, least);
        emit Sold(amount, proceeds);
    }

    /// @notice What the pool asks for in the midst of a sale; it calls nobody but the contract that swaps.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        if (msg.sender != address(pool)) revert NotPool(msg.sender);
        int256 owed = token < proceedsToken ? amount0Delta : amount1Delta;
        bytes memory payment = abi.encodeWithSignature("transferFrom(address,address,uint256)", executor, pool, uint256(owed));
        (bool success, bytes memory returned) = token.call(payment);
        // Some tokens return nothing.
        if (!success || (returned.length > 0 && !abi.decode(returned, (bool)))) revert PaymentFailed(returned);
    }

    /// @notice `amount` (token units) at the oracle's newest answer, in proceeds token units, rounded up.
    /// @dev Chainlink's AggregatorV3Interface.latestRoundData.
    function worth(uint256 amount) public view returns (uint256) {
        (, int256 answer, , uint256 updatedAt, ) = feed.latestRoundData();
        if (answer <= 0 || updatedAt + maxAge <= block.timestamp) revert PriceUnusable(answer, updatedAt);
        return (amount * uint256(answer) * _unit + _scale - 1) / _scale;
    }
}
