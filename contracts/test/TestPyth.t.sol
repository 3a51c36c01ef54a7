// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {InvalidUpdateData, InvalidUpdateDataSource, InvalidWormholeVaa} from "../src/AccumulatorUpdate.sol";
import {TestPyth} from "../src/TestPyth.sol";
import {VM} from "./Vm.sol";

/// @dev Signs updates: every tree has two leaves, the message and a filler.
contract TestPythTest {
    uint256 private constant KEY = 0xa11ce;
    uint256 private constant STRANGER = 0xb0b;
    uint256 private constant FEE = 7;
    uint16 private constant CHAIN = 26;
    bytes32 private constant EMITTER = keccak256("emitter");
    bytes32 private constant ETH = keccak256("ETH/USD");
    bytes32 private constant BTC = keccak256("BTC/USD");
    bytes20 private constant FILLER = bytes20(keccak256("filler"));
    uint64 private constant NOW = 1_700_000_000;

    TestPyth private pyth;

    function setUp() public {
        pyth = new TestPyth(VM.addr(KEY), FEE, CHAIN, EMITTER);
        VM.warp(NOW);
    }

    function testStoresWhatIsSigned() public {
        _push(_update(KEY, ETH, 2_000e8, NOW - 1, NOW - 2));
        TestPyth.Price memory price = pyth.getPriceUnsafe(ETH);
        assert(price.price == 2_000e8 && price.conf == 5 && price.expo == -8 && price.publishTime == NOW - 1);
        TestPyth.Price memory average = pyth.getEmaPrice(ETH);
        assert(average.price == 2_000e8 + 1 && average.conf == 6);
        assert(pyth.getPrice(ETH).price == 2_000e8 && pyth.getPriceNoOlderThan(ETH, 1).price == 2_000e8);
    }

    function testAnOlderPriceChangesNothing() public {
        _push(_update(KEY, ETH, 2_000e8, NOW - 1, NOW - 2));
        _push(_update(KEY, ETH, 1_000e8, NOW - 1, NOW - 3));
        assert(pyth.getPriceUnsafe(ETH).price == 2_000e8);
    }

    function testRefusesWhatAnotherSigned() public {
        _refused(_update(STRANGER, ETH, 1, NOW, 0), InvalidWormholeVaa.selector);
    }

    function testRefusesAnotherEmitter() public {
        TestPyth other = new TestPyth(VM.addr(KEY), FEE, CHAIN + 1, EMITTER);
        bytes[] memory updates = _list(_update(KEY, ETH, 1, NOW, 0));
        try other.updatePriceFeeds{value: FEE}(updates) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == InvalidUpdateDataSource.selector);
        }
    }

    function testRefusesAFalseProofAndBytesBehind() public {
        bytes memory update = _update(KEY, ETH, 1, NOW, 0);
        _refused(abi.encodePacked(update, bytes1(0)), InvalidUpdateData.selector);
        update[update.length - 1] ^= 0x01;
        _refused(update, InvalidUpdateData.selector);
    }

    /// @dev Byte 5 is the minor version, which the real contract takes as it is.
    function testFuzzRefusesAnyChange(uint256 place, uint8 change) public {
        bytes memory update = _update(KEY, ETH, 1, NOW, 0);
        place = place % update.length;
        VM.assume(change != 0 && place != 5);
        update[place] ^= bytes1(change);
        (bool stored, bytes memory reason) =
            address(pyth).call{value: 255 * FEE}(abi.encodeCall(pyth.updatePriceFeeds, (_list(update))));
        assert(!stored && (bytes4(reason) == InvalidUpdateData.selector || bytes4(reason) == InvalidWormholeVaa.selector));
    }

    function testFuzzRefusesAnyCut(uint256 size) public {
        bytes memory update = _update(KEY, ETH, 1, NOW, 0);
        bytes memory part = new bytes(size % update.length);
        for (uint256 i = 0; i < part.length; i++) part[i] = update[i];
        (bool stored, bytes memory reason) = address(pyth).call(abi.encodeCall(pyth.updatePriceFeeds, (_list(part))));
        assert(!stored && (bytes4(reason) == InvalidUpdateData.selector || bytes4(reason) == InvalidWormholeVaa.selector));
    }

    function testAsksForItsFee() public {
        bytes[] memory updates = _list(_update(KEY, ETH, 1, NOW, 0));
        assert(pyth.getUpdateFee(updates) == FEE);
        try pyth.updatePriceFeeds{value: FEE - 1}(updates) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == TestPyth.InsufficientFee.selector);
        }
    }

    function testUpdatesOnlyWhereNecessary() public {
        _push(_update(KEY, ETH, 2_000e8, NOW - 5, 0));
        bytes[] memory updates = _list(_update(KEY, ETH, 2_100e8, NOW, NOW - 1));
        try pyth.updatePriceFeedsIfNecessary{value: FEE}(updates, _ids(ETH), _times(NOW - 5)) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == TestPyth.NoFreshUpdate.selector);
        }
        pyth.updatePriceFeedsIfNecessary{value: FEE}(updates, _ids(ETH), _times(NOW - 4));
        assert(pyth.getPriceUnsafe(ETH).price == 2_100e8);
    }

    function testParsesWithinAWindow() public {
        bytes[] memory updates = _list(_update(KEY, ETH, 2_000e8, NOW - 5, NOW - 8));
        TestPyth.PriceFeed[] memory feeds = pyth.parsePriceFeedUpdates{value: FEE}(updates, _ids(ETH), NOW - 9, NOW);
        assert(feeds[0].id == ETH && feeds[0].price.price == 2_000e8);
        feeds = pyth.parsePriceFeedUpdatesUnique{value: FEE}(updates, _ids(ETH), NOW - 7, NOW);
        assert(feeds[0].price.publishTime == NOW - 5);
        _notFound(updates, ETH, NOW - 8, NOW, true);
        _notFound(updates, ETH, NOW - 4, NOW, false);
        _notFound(updates, ETH, NOW - 9, NOW - 6, false);
        _notFound(updates, BTC, NOW - 9, NOW, false);
    }

    function testKnowsNoPriceAndNoOldPrice() public {
        try pyth.getPriceUnsafe(ETH) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == TestPyth.PriceFeedNotFound.selector);
        }
        _push(_update(KEY, ETH, 2_000e8, NOW - 61, 0));
        try pyth.getPrice(ETH) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == TestPyth.StalePrice.selector);
        }
    }

    function testTheLatestPriceIsAskedForAndBrought() public {
        _push(_update(KEY, ETH, 2_000e8, NOW - 61, 0));
        assert(pyth.getLatestPrice(ETH, 61) == 2_000e18);
        try pyth.getLatestPrice(ETH, 60) {
            assert(false);
        } catch (bytes memory reason) {
            bytes memory query = abi.encode(uint8(1), uint64(60), [ETH]);
            assert(_same(reason, abi.encodeWithSelector(TestPyth.OracleDataRequired.selector, address(pyth), query)));
        }
        pyth.fulfillOracleQuery{value: FEE}(_answer(1, 60, _update(KEY, ETH, 2_050e8, NOW, NOW - 61)));
        assert(pyth.getLatestPrice(ETH, 60) == 2_050e18);
    }

    function testABenchmarkIsAskedForAndBrought() public {
        uint64 time = NOW - 10;
        try pyth.getBenchmarkPrice(ETH, time) {
            assert(false);
        } catch (bytes memory reason) {
            bytes memory query = abi.encode(uint8(2), time, [ETH]);
            assert(_same(reason, abi.encodeWithSelector(TestPyth.OracleDataRequired.selector, address(pyth), query)));
        }
        pyth.fulfillOracleQuery{value: FEE}(_answer(2, time, _update(KEY, ETH, 1_900e8, time, time - 1)));
        assert(pyth.getBenchmarkPrice(ETH, time) == 1_900e18);
    }

    function testAnAnswerSaysWhatItCosts() public {
        uint8[2] memory kinds = [1, 2];
        for (uint256 i = 0; i < kinds.length; i++) {
            bytes memory answer = _answer(kinds[i], kinds[i] == 1 ? 60 : NOW, _update(KEY, ETH, 1, NOW, NOW - 1));
            try pyth.fulfillOracleQuery{value: FEE - 1}(answer) {
                assert(false);
            } catch (bytes memory reason) {
                assert(_same(reason, abi.encodeWithSelector(TestPyth.FeeRequired.selector, FEE)));
            }
        }
    }

    function testAnAnswersOwnFaultComesThrough() public {
        try pyth.fulfillOracleQuery{value: FEE}(_answer(1, 60, _update(STRANGER, ETH, 1, NOW, 0))) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == InvalidWormholeVaa.selector);
        }
        try pyth.fulfillOracleQuery{value: FEE}(_answer(3, 60, _update(KEY, ETH, 1, NOW, 0))) {
            assert(false);
        } catch (bytes memory reason) {
            assert(_same(reason, abi.encodeWithSelector(TestPyth.NotSupported.selector, 3)));
        }
    }

    function testNobodyIsNoGuardian() public {
        try new TestPyth(address(0), FEE, CHAIN, EMITTER) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == TestPyth.InvalidArgument.selector);
        }
    }

    function _push(bytes memory update) private {
        pyth.updatePriceFeeds{value: FEE}(_list(update));
    }

    function _refused(bytes memory update, bytes4 error_) private {
        try pyth.updatePriceFeeds{value: FEE}(_list(update)) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == error_);
        }
    }

    function _notFound(bytes[] memory updates, bytes32 id, uint64 start, uint64 end, bool unique) private {
        bytes memory call = unique
            ? abi.encodeCall(pyth.parsePriceFeedUpdatesUnique, (updates, _ids(id), start, end))
            : abi.encodeCall(pyth.parsePriceFeedUpdates, (updates, _ids(id), start, end));
        (bool found, bytes memory reason) = address(pyth).call{value: FEE}(call);
        assert(!found && bytes4(reason) == TestPyth.PriceFeedNotFoundWithinRange.selector);
    }

    function _answer(uint8 kind, uint64 time, bytes memory update) private pure returns (bytes memory) {
        return abi.encode(kind, time, _ids(ETH), _list(update));
    }

    function _update(uint256 key, bytes32 id, int64 price, uint64 time, uint64 before) private pure returns (bytes memory) {
        bytes memory times = abi.encodePacked(time, before);
        return _envelope(key, abi.encodePacked(uint8(0), id, price, uint64(5), int32(-8), times, price + 1, uint64(6)));
    }

    function _envelope(uint256 key, bytes memory message) private pure returns (bytes memory) {
        bytes20 leaf = bytes20(keccak256(abi.encodePacked(bytes1(0), message)));
        (bytes20 low, bytes20 high) = leaf < FILLER ? (leaf, FILLER) : (FILLER, leaf);
        bytes memory vaa = _vaa(key, bytes20(keccak256(abi.encodePacked(bytes1(0x01), low, high))));
        bytes memory head = abi.encodePacked("PNAU", uint8(1), uint8(0), uint8(0), uint8(0), uint16(vaa.length), vaa);
        return abi.encodePacked(head, uint8(1), uint16(message.length), message, uint8(1), FILLER);
    }

    function _vaa(uint256 key, bytes20 root) private pure returns (bytes memory) {
        bytes memory payload = abi.encodePacked("AUWV", uint8(0), uint64(1), uint32(10_000), root);
        bytes memory body = abi.encodePacked(uint32(NOW), uint32(0), CHAIN, EMITTER, uint64(1), uint8(1), payload);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, keccak256(abi.encodePacked(keccak256(body))));
        return abi.encodePacked(uint8(1), uint32(0), uint8(1), uint8(0), r, s, v - 27, body);
    }

    function _list(bytes memory update) private pure returns (bytes[] memory updates) {
        updates = new bytes[](1);
        updates[0] = update;
    }

    function _ids(bytes32 id) private pure returns (bytes32[] memory ids) {
        ids = new bytes32[](1);
        ids[0] = id;
    }

    function _times(uint64 time) private pure returns (uint64[] memory times) {
        times = new uint64[](1);
        times[0] = time;
    }

    function _same(bytes memory first, bytes memory second) private pure returns (bool) {
        return keccak256(first) == keccak256(second);
    }
}
