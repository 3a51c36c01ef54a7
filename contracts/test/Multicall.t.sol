// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Multicall} from "../src/Multicall.sol";
import {TestAggregator} from "../src/TestAggregator.sol";

contract MulticallTest {
    Multicall private multicall;
    TestAggregator private aggregator;

    function setUp() public {
        multicall = new Multicall();
        aggregator = new TestAggregator("ETH / USD", 2_500e8);
    }

    function testHasTheSelectorOfMulticall3() public pure {
        assert(Multicall.aggregate3.selector == 0x82ad56cb);
    }

    function testReturnsEachResultInOrder() public {
        Multicall.Result[] memory results = multicall.aggregate3(_calls(true));
        assert(results[0].success && abi.decode(results[0].returnData, (int256)) == 2_500e8);
        assert(!results[1].success && bytes4(results[1].returnData) == TestAggregator.NoRound.selector);
    }

    function testRevertsWhenACallMustNotFail() public {
        try multicall.aggregate3(_calls(false)) {
            assert(false);
        } catch (bytes memory reason) {
            assert(keccak256(reason) == keccak256(abi.encodeWithSelector(Multicall.CallReverted.selector, 1)));
        }
    }

    function _calls(bool mayFail) private view returns (Multicall.Call3[] memory calls) {
        calls = new Multicall.Call3[](2);
        calls[0] = Multicall.Call3(address(aggregator), false, abi.encodeCall(TestAggregator.latestAnswer, ()));
        calls[1] = Multicall.Call3(address(aggregator), mayFail, abi.encodeCall(TestAggregator.getRoundData, (9)));
    }
}

contract TestAggregatorTest {
    function testEachAnswerIsANewRound() public {
        TestAggregator aggregator = new TestAggregator("ETH / USD", 2_500e8);
        aggregator.setAnswer(2_400e8);
        (uint80 round, int256 answer, , uint256 updatedAt, uint80 answeredIn) = aggregator.latestRoundData();
        assert(round == 2 && answeredIn == 2 && answer == 2_400e8 && updatedAt == block.timestamp);
        (, answer, , , ) = aggregator.getRoundData(1);
        assert(answer == 2_500e8 && aggregator.latestTimestamp() == block.timestamp);
    }
}
