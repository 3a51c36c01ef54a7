// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccumulatorUpdate} from "./AccumulatorUpdate.sol";

/// @title Stand-in for Pyth's contract and for Synthetix's PythERC7412Wrapper around it, in one, for devnets
/// @notice It takes the real update format and checks signature and Merkle proofs as the real contracts do. Different from them:
/// one guardian that never changes, one source, no governance, no TWAPs. Errors, events and functions are named as in the real
/// ones, those of the deprecated IPyth of Synthetix's oracle manager included.
contract TestPyth {
    using AccumulatorUpdate for bytes;

    struct Price {
        int64 price;
        uint64 conf;
        int32 expo;
        uint256 publishTime;
    }

    struct PriceFeed {
        bytes32 id;
        Price price;
        Price emaPrice;
    }

    struct Window {
        uint64 start;
        uint64 end;
        bool unique;
    }

    uint256 public constant getValidTimePeriod = 60;
    bytes32 public constant oracleId = "PYTH";
    uint8 private constant LATEST = 1;
    uint8 private constant BENCHMARK = 2;
    int256 private constant DECIMALS = 18;

    uint256 public immutable feePerUpdate;
    AccumulatorUpdate.Source private _source;
    mapping(bytes32 id => PriceFeed feed) private _latest;
    mapping(bytes32 id => mapping(uint64 time => Price price)) private _benchmarks;

    event PriceFeedUpdate(bytes32 indexed id, uint64 publishTime, int64 price, uint64 conf);

    error InvalidArgument();
    error InsufficientFee();
    error NoFreshUpdate();
    error PriceFeedNotFound();
    error PriceFeedNotFoundWithinRange();
    error StalePrice();
    error OracleDataRequired(address oracleContract, bytes oracleQuery);
    error FeeRequired(uint256 amount);
    error NotSupported(uint8 updateType);

    constructor(address guardian, uint256 feePerUpdate_, uint16 emitterChain, bytes32 emitterAddress) {
        // ecrecover answers zero for a signature that is none.
        if (guardian == address(0)) revert InvalidArgument();
        feePerUpdate = feePerUpdate_;
        _source = AccumulatorUpdate.Source(guardian, emitterChain, emitterAddress);
    }

    /// @notice Stores every price that is newer than the stored one; wei for each message, see getUpdateFee.
    function updatePriceFeeds(bytes[] calldata updateData) public payable {
        for (uint256 i = 0; i < updateData.length; i++) {
            AccumulatorUpdate.Message[] memory messages = updateData[i].messages(_source);
            for (uint256 k = 0; k < messages.length; k++) {
                _store(messages[k]);
            }
        }
        if (msg.value < getUpdateFee(updateData)) revert InsufficientFee();
    }

    /// @notice As updatePriceFeeds, but reverts with NoFreshUpdate when no price is older than its time in `publishTimes`.
    function updatePriceFeedsIfNecessary(
        bytes[] calldata updateData,
        bytes32[] calldata priceIds,
        uint64[] calldata publishTimes
    ) external payable {
        if (priceIds.length != publishTimes.length) revert InvalidArgument();
        for (uint256 i = 0; i < priceIds.length; i++) {
            if (_latest[priceIds[i]].price.publishTime < publishTimes[i]) return updatePriceFeeds(updateData);
        }
        revert NoFreshUpdate();
    }

    /// @notice Wei for these updates.
    function getUpdateFee(bytes[] calldata updateData) public view returns (uint256 fee) {
        for (uint256 i = 0; i < updateData.length; i++) {
            fee += updateData[i].size() * feePerUpdate;
        }
    }

    /// @notice The first price of each feed in the updates that was published in the range (seconds, both ends included); none
    /// is stored.
    function parsePriceFeedUpdates(
        bytes[] calldata updateData,
        bytes32[] calldata priceIds,
        uint64 minPublishTime,
        uint64 maxPublishTime
    ) external payable returns (PriceFeed[] memory) {
        return _parse(updateData, priceIds, Window(minPublishTime, maxPublishTime, false));
    }

    /// @notice As parsePriceFeedUpdates, but only the very first price a feed had at or after `minPublishTime` counts.
    function parsePriceFeedUpdatesUnique(
        bytes[] calldata updateData,
        bytes32[] calldata priceIds,
        uint64 minPublishTime,
        uint64 maxPublishTime
    ) external payable returns (PriceFeed[] memory) {
        return _parse(updateData, priceIds, Window(minPublishTime, maxPublishTime, true));
    }

    function getPriceUnsafe(bytes32 id) public view returns (Price memory) {
        return _feed(id).price;
    }

    function getPriceNoOlderThan(bytes32 id, uint256 age) public view returns (Price memory) {
        return _recent(_feed(id).price, age);
    }

    function getPrice(bytes32 id) external view returns (Price memory) {
        return getPriceNoOlderThan(id, getValidTimePeriod);
    }

    function getEmaPriceUnsafe(bytes32 id) public view returns (Price memory) {
        return _feed(id).emaPrice;
    }

    function getEmaPriceNoOlderThan(bytes32 id, uint256 age) public view returns (Price memory) {
        return _recent(_feed(id).emaPrice, age);
    }

    function getEmaPrice(bytes32 id) external view returns (Price memory) {
        return getEmaPriceNoOlderThan(id, getValidTimePeriod);
    }

    // The wrapper.

    function pythAddress() external view returns (address) {
        return address(this);
    }

    /// @notice The newest price, 18 decimals; reverts with OracleDataRequired when it is more than `stalenessTolerance` s old.
    /// @dev The query has its id in a fixed array of one, as the real wrapper encodes it. The oracle manager's
    /// PythOffchainLookupNode encodes the same query with a dynamic array.
    function getLatestPrice(bytes32 priceId, uint256 stalenessTolerance) external view returns (int256) {
        Price memory price = getPriceUnsafe(priceId);
        if (block.timestamp <= stalenessTolerance + price.publishTime) return _scaled(price);
        revert OracleDataRequired(address(this), abi.encode(LATEST, uint64(stalenessTolerance), [priceId]));
    }

    /// @notice The first price at or after `requestedTime`, 18 decimals; reverts with OracleDataRequired until somebody brings it.
    function getBenchmarkPrice(bytes32 priceId, uint64 requestedTime) external view returns (int256) {
        Price memory price = _benchmarks[priceId][requestedTime];
        if (price.price > 0) return _scaled(price);
        revert OracleDataRequired(address(this), abi.encode(BENCHMARK, requestedTime, [priceId]));
    }

    /// @notice ERC-7412: takes the answer to a query: its type, its tolerance or time, its ids, and the updates (bytes[]).
    /// Reverts with FeeRequired when less than the updates' fee is sent.
    function fulfillOracleQuery(bytes calldata signedOffchainData) external payable {
        uint8 updateType = abi.decode(signedOffchainData, (uint8));
        if (updateType != LATEST && updateType != BENCHMARK) revert NotSupported(updateType);
        (, uint64 time, bytes32[] memory ids, bytes[] memory updateData) =
            abi.decode(signedOffchainData, (uint8, uint64, bytes32[], bytes[]));
        if (updateType == LATEST) _fulfillLatest(time, ids, updateData);
        else _fulfillBenchmark(time, ids, updateData);
    }

    function _fulfillLatest(uint64 stalenessTolerance, bytes32[] memory ids, bytes[] memory updateData) private {
        uint64[] memory times = new uint64[](ids.length);
        for (uint256 i = 0; i < ids.length; i++) {
            times[i] = uint64(block.timestamp) - stalenessTolerance;
        }
        try this.updatePriceFeedsIfNecessary{value: msg.value}(updateData, ids, times) {}
        catch (bytes memory reason) {
            _refuse(reason, updateData);
        }
    }

    function _fulfillBenchmark(uint64 time, bytes32[] memory ids, bytes[] memory updateData) private {
        try this.parsePriceFeedUpdatesUnique{value: msg.value}(updateData, ids, time, type(uint64).max) returns (
            PriceFeed[] memory feeds
        ) {
            for (uint256 i = 0; i < feeds.length; i++) {
                _benchmarks[ids[i]][time] = feeds[i].price;
            }
        } catch (bytes memory reason) {
            _refuse(reason, updateData);
        }
    }

    function _refuse(bytes memory reason, bytes[] memory updateData) private view {
        if (bytes4(reason) == InsufficientFee.selector) revert FeeRequired(this.getUpdateFee(updateData));
        assembly {
            revert(add(reason, 32), mload(reason))
        }
    }

    function _parse(bytes[] calldata updateData, bytes32[] calldata priceIds, Window memory window)
        private
        view
        returns (PriceFeed[] memory feeds)
    {
        if (msg.value < getUpdateFee(updateData)) revert InsufficientFee();
        feeds = new PriceFeed[](priceIds.length);
        for (uint256 i = 0; i < updateData.length; i++) {
            AccumulatorUpdate.Message[] memory messages = updateData[i].messages(_source);
            for (uint256 k = 0; k < messages.length; k++) {
                if (_within(messages[k], window)) _fill(feeds, priceIds, messages[k]);
            }
        }
        for (uint256 i = 0; i < feeds.length; i++) {
            if (feeds[i].price.publishTime == 0) revert PriceFeedNotFoundWithinRange();
        }
    }

    function _within(AccumulatorUpdate.Message memory message, Window memory window) private pure returns (bool) {
        if (window.unique && message.prevPublishTime >= window.start) return false;
        return message.publishTime >= window.start && message.publishTime <= window.end;
    }

    function _fill(PriceFeed[] memory feeds, bytes32[] calldata priceIds, AccumulatorUpdate.Message memory message) private pure {
        for (uint256 i = 0; i < priceIds.length; i++) {
            if (priceIds[i] == message.id && feeds[i].price.publishTime == 0) feeds[i] = _asFeed(message);
        }
    }

    function _store(AccumulatorUpdate.Message memory message) private {
        if (message.publishTime <= _latest[message.id].price.publishTime) return;
        _latest[message.id] = _asFeed(message);
        emit PriceFeedUpdate(message.id, message.publishTime, message.price, message.conf);
    }

    function _asFeed(AccumulatorUpdate.Message memory message) private pure returns (PriceFeed memory) {
        Price memory price = Price(message.price, message.conf, message.expo, message.publishTime);
        Price memory emaPrice = Price(message.emaPrice, message.emaConf, message.expo, message.publishTime);
        return PriceFeed(message.id, price, emaPrice);
    }

    function _feed(bytes32 id) private view returns (PriceFeed memory feed) {
        feed = _latest[id];
        if (feed.price.publishTime == 0) revert PriceFeedNotFound();
    }

    function _recent(Price memory price, uint256 age) private view returns (Price memory) {
        (uint256 low, uint256 high) = price.publishTime < block.timestamp
            ? (price.publishTime, block.timestamp)
            : (block.timestamp, price.publishTime);
        if (high - low > age) revert StalePrice();
        return price;
    }

    function _scaled(Price memory price) private pure returns (int256) {
        int256 shift = DECIMALS + price.expo;
        return shift > 0 ? price.price * int256(10 ** uint256(shift)) : price.price / int256(10 ** uint256(-shift));
    }
}
