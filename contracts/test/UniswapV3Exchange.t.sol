// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CallRules} from "../src/CallRules.sol";
import {IValuer} from "../src/IValuer.sol";
import {KeeperExecutor} from "../src/KeeperExecutor.sol";
import {LossBudget} from "../src/LossBudget.sol";
import {TestAggregator} from "../src/TestAggregator.sol";
import {ITradedPool, TestPoolTrader} from "../src/TestPoolTrader.sol";
import {TestToken} from "../src/TestToken.sol";
import {IPriceFeed, IUniswapV3Pool, UniswapV3Exchange} from "../src/UniswapV3Exchange.sol";
import {VM} from "./Vm.sol";

interface IFactory {
    function createPool(address tokenA, address tokenB, uint24 fee) external returns (address pool);
}

interface INewPool {
    function initialize(uint160 sqrtPriceX96) external;
}

/// @dev A wallet's worth, at the same price that the exchange sees. USD with 18 decimals.
contract WalletValuer is IValuer {
    TestToken private immutable _usdc;
    TestToken private immutable _weth;
    TestAggregator private immutable _feed;

    constructor(TestToken usdc, TestToken weth, TestAggregator feed) {
        (_usdc, _weth, _feed) = (usdc, weth, feed);
    }

    function valuation(address account) external view returns (int256 total, int256 equity, uint256 exposure) {
        uint256 tokens = (_weth.balanceOf(account) * uint256(_feed.latestAnswer())) / 1e8;
        return (int256(_usdc.balanceOf(account) * 1e12 + tokens), equity, exposure);
    }
}

/// @dev Against Uniswap's real pool, from its package. WETH is token0 or token1, as the addresses fall.
contract UniswapV3ExchangeTest {
    bytes32 private constant VENUE = "venue";
    address private constant OPERATOR = address(0xbeef);
    address private constant TREASURY = address(0xcafe);
    uint256 private constant PRICE = 2_500;
    uint256 private constant MAX_SALE = 25_000e6;
    uint256 private constant SLIPPAGE = 10_000;
    uint256 private constant MAX_AGE = 1 hours;
    uint256 private constant BUDGET = 1_000e18;
    int24 private constant LAST_TICK = 887_270;

    TestToken private usdc;
    TestToken private weth;
    TestAggregator private feed;
    TestPoolTrader private trader;
    ITradedPool private pool;
    KeeperExecutor private executor;
    UniswapV3Exchange private exchange;

    function setUp() public {
        VM.warp(1_700_000_000);
        usdc = new TestToken("USD Coin", "USDC", 6);
        weth = new TestToken("Wrapped Ether", "WETH", 18);
        feed = new TestAggregator("ETH / USD", int256(PRICE * 1e8));
        trader = new TestPoolTrader();
        pool = _pool();
        executor = new KeeperExecutor(address(this), TREASURY);
        exchange = _exchange(address(weth), SLIPPAGE);
        executor.setVenue(VENUE, new WalletValuer(usdc, weth, feed), _rules());
        executor.setBudget(BUDGET);
        executor.setOperator(OPERATOR, true);
        weth.mint(address(executor), 1_000e18);
    }

    function testSellsNearTheOraclesPrice() public {
        int256 change = _plan(_sale(4e18), -100e18);
        assert(change <= 0 && change > -100e18);
        assert(usdc.balanceOf(address(executor)) > 9_900e6);
        assert(weth.balanceOf(address(executor)) == 996e18);
        assert(weth.allowance(address(executor), address(exchange)) == 0);
        assert(weth.balanceOf(address(exchange)) == 0 && usdc.balanceOf(address(exchange)) == 0);
    }

    function testFuzzNoSaleBringsLessThanTheBound(uint64 amount, uint16 priceBps) public {
        VM.assume(priceBps > 5_000 && priceBps < 20_000);
        _move(priceBps);
        uint256 before = usdc.balanceOf(address(executor));
        uint256 value = exchange.worth(amount);
        if (!_tried(_sale(amount), type(int256).min)) return;
        uint256 proceeds = usdc.balanceOf(address(executor)) - before;
        assert(proceeds * 1e6 >= value * (1e6 - SLIPPAGE));
        assert(value <= MAX_SALE);
    }

    function testAPoolBelowTheBoundIsRefused() public {
        _move(9_850);
        assert(bytes4(_refusal(_sale(4e18))) == UniswapV3Exchange.ProceedsTooLow.selector);
        _move(9_950);
        _plan(_sale(4e18), -100e18);
    }

    function testASaleHasASize() public {
        _plan(_sale(10e18), -250e18);
        assert(bytes4(_refusal(_sale(10e18 + 1e14))) == UniswapV3Exchange.SaleTooLarge.selector);
    }

    function testAnOldOrSenselessPriceIsRefused() public {
        VM.warp(block.timestamp + MAX_AGE);
        assert(bytes4(_refusal(_sale(1e18))) == UniswapV3Exchange.PriceUnusable.selector);
        feed.setAnswer(int256(PRICE * 1e8));
        _plan(_sale(1e18), -100e18);
        for (int256 answer = -1; answer <= 0; ++answer) {
            feed.setAnswer(answer);
            try exchange.worth(1) {
                assert(false);
            } catch (bytes memory reason) {
                assert(bytes4(reason) == UniswapV3Exchange.PriceUnusable.selector);
            }
        }
    }

    function testFuzzNobodyButTheExecutorSells(address somebody, uint64 amount) public {
        VM.assume(somebody != address(executor));
        VM.prank(somebody);
        (bool success, bytes memory reason) = address(exchange).call(abi.encodeCall(UniswapV3Exchange.sell, (amount)));
        assert(!success && bytes4(reason) == UniswapV3Exchange.NotExecutor.selector);
    }

    function testFuzzAnAllowanceLeftBehindIsNobodys(address somebody, int64 amount0, int64 amount1) public {
        VM.assume(somebody != address(pool));
        KeeperExecutor.Call[] memory calls = new KeeperExecutor.Call[](1);
        calls[0] = _approval(1_000e18);
        _plan(calls, 0);
        VM.prank(somebody);
        bytes memory data = abi.encodeCall(UniswapV3Exchange.uniswapV3SwapCallback, (amount0, amount1, ""));
        (bool success, bytes memory reason) = address(exchange).call(data);
        assert(!success && bytes4(reason) == UniswapV3Exchange.NotPool.selector);
        assert(weth.balanceOf(address(executor)) == 1_000e18);
    }

    function testTheRulesGiveTheAllowanceToTheExchangeAlone() public {
        KeeperExecutor.Call[] memory calls = new KeeperExecutor.Call[](1);
        calls[0] = _call(address(weth), abi.encodeCall(TestToken.approve, (OPERATOR, 1)));
        assert(bytes4(_refusal(calls)) == CallRules.ArgumentRefused.selector);
    }

    /// @dev He moves the pool as low as a sale allows, sells to himself, moves it back, until nothing passes any more.
    function testFuzzAThiefWhoMovesThePoolLosesTheBudgetNoMore(uint8 sales, uint16 depth) public {
        int256 before = _worth();
        for (uint256 i = 0; i < uint256(sales) % 24; ++i) {
            _move(9_910 + (uint256(depth) % 90));
            _tried(_sale(10e18), type(int256).min);
            _move(10_000);
        }
        int256 loss = before - _worth();
        assert(loss <= int256(BUDGET) && executor.spentToday() == uint256(loss > 0 ? loss : int256(0)));
    }

    function testTheBudgetEndsSandwiches() public {
        bool passed = true;
        for (uint256 i = 0; i < 12 && passed; ++i) {
            _move(9_930);
            passed = _tried(_sale(10e18), type(int256).min);
        }
        assert(!passed && executor.spentToday() > BUDGET / 2 && executor.spentToday() <= BUDGET);
        assert(bytes4(_refusal(_sale(10e18))) == LossBudget.OverBudget.selector);
    }

    function testTheOtherTokenOfThePairSellsToo() public {
        UniswapV3Exchange reverse = new UniswapV3Exchange(
            address(this), IUniswapV3Pool(address(pool)), address(usdc), IPriceFeed(address(new TestAggregator("1/ETH", 40_000))),
            1e30, SLIPPAGE, MAX_AGE
        );
        assert(reverse.proceedsToken() == address(weth));
        usdc.mint(address(this), 2_500e6);
        usdc.approve(address(reverse), 2_500e6);
        uint256 proceeds = reverse.sell(2_500e6);
        assert(proceeds > 0.99e18 && weth.balanceOf(address(this)) == proceeds);
    }

    function testTermsMustMakeSense() public {
        try this.open(address(feed), SLIPPAGE) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == UniswapV3Exchange.TermsInvalid.selector);
        }
        try this.open(address(weth), 1_000_000) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == UniswapV3Exchange.TermsInvalid.selector);
        }
    }

    // --- in short ---

    function open(address token, uint256 slippage) external {
        _exchange(token, slippage);
    }

    function _exchange(address token, uint256 slippage) private returns (UniswapV3Exchange) {
        IPriceFeed price = IPriceFeed(address(feed));
        return new UniswapV3Exchange(address(executor), IUniswapV3Pool(address(pool)), token, price, MAX_SALE, slippage, MAX_AGE);
    }

    function _pool() private returns (ITradedPool created) {
        bytes memory code = VM.getCode("node_modules/@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json");
        IFactory factory;
        assembly ("memory-safe") {
            factory := create(0, add(code, 32), mload(code))
        }
        created = ITradedPool(factory.createPool(address(usdc), address(weth), 500));
        INewPool(address(created)).initialize(_sqrtPrice(10_000));
        trader.provide(created, -LAST_TICK, LAST_TICK, 1e18);
    }

    function _move(uint256 bps) private {
        trader.trade(pool, _sqrtPrice(bps));
    }

    /// @dev The pool's price as so many basis points of the oracle's.
    function _sqrtPrice(uint256 bps) private view returns (uint160) {
        (uint256 usdcUnits, uint256 wethUnits) = ((PRICE * 1e6 * bps) / 10_000, 1e18);
        bool isFirst = address(weth) < address(usdc);
        (uint256 numerator, uint256 denominator) = isFirst ? (usdcUnits, wethUnits) : (wethUnits, usdcUnits);
        return uint160(_sqrt((numerator << 128) / denominator) << 32);
    }

    function _sqrt(uint256 square) private pure returns (uint256 root) {
        root = square;
        for (uint256 next = (square + 1) / 2; next < root; next = (root + square / root) / 2) {
            root = next;
        }
    }

    function _rules() private view returns (CallRules.Rule[] memory rules) {
        rules = new CallRules.Rule[](2);
        rules[0] = CallRules.Rule(address(weth), TestToken.approve.selector, bytes4(0), new bytes32[][](2));
        rules[0].words[0] = new bytes32[](1);
        rules[0].words[0][0] = bytes32(uint256(uint160(address(exchange))));
        rules[1] = CallRules.Rule(address(exchange), UniswapV3Exchange.sell.selector, bytes4(0), new bytes32[][](1));
    }

    function _sale(uint256 amount) private view returns (KeeperExecutor.Call[] memory calls) {
        calls = new KeeperExecutor.Call[](2);
        calls[0] = _approval(amount);
        calls[1] = _call(address(exchange), abi.encodeCall(UniswapV3Exchange.sell, (amount)));
    }

    function _approval(uint256 amount) private view returns (KeeperExecutor.Call memory) {
        return _call(address(weth), abi.encodeCall(TestToken.approve, (address(exchange), amount)));
    }

    function _plan(KeeperExecutor.Call[] memory calls, int256 least) private returns (int256 change) {
        VM.prank(OPERATOR);
        (change, ) = executor.execute(VENUE, calls, least);
    }

    function _tried(KeeperExecutor.Call[] memory calls, int256 least) private returns (bool success) {
        VM.prank(OPERATOR);
        (success, ) = address(executor).call(abi.encodeCall(KeeperExecutor.execute, (VENUE, calls, least)));
    }

    function _refusal(KeeperExecutor.Call[] memory calls) private returns (bytes memory) {
        VM.prank(OPERATOR);
        bytes memory data = abi.encodeCall(KeeperExecutor.execute, (VENUE, calls, type(int256).min));
        (bool success, bytes memory reason) = address(executor).call(data);
        assert(!success);
        return reason;
    }

    function _worth() private view returns (int256 total) {
        (IValuer valuer, , ) = executor.venues(VENUE);
        (total, , ) = valuer.valuation(address(executor));
    }

    function _call(address target, bytes memory data) private pure returns (KeeperExecutor.Call memory) {
        return KeeperExecutor.Call(target, 0, data, false);
    }
}
