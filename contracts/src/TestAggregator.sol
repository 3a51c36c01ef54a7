// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Chainlink-style aggregator (8 decimals) for the local chain: anybody may set the answer.
/// @notice Each answer is a new round stamped with the block time. Perp V2's feed refuses a new price at an old time.
contract TestAggregator {
    struct Round {
        int256 answer;
        uint256 updatedAt;
    }

    uint8 public constant decimals = 8;
    uint256 public constant version = 1;
    string public description;
    uint80 public latestRound;
    mapping(uint80 roundId => Round round) private _rounds;

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    error NoRound(uint80 roundId);

    constructor(string memory description_, int256 answer) {
        description = description_;
        _append(answer);
    }

    /// @notice Starts a new round with `answer` (8 decimals) at the block time.
    function setAnswer(int256 answer) external {
        _append(answer);
    }

    /// @notice The newest answer, 8 decimals.
    function latestAnswer() external view returns (int256) {
        return _rounds[latestRound].answer;
    }

    /// @notice Time of the newest answer, unix seconds.
    function latestTimestamp() external view returns (uint256) {
        return _rounds[latestRound].updatedAt;
    }

    /// @notice Chainlink's AggregatorV3Interface.latestRoundData.
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(latestRound);
    }

    /// @notice Chainlink's AggregatorV3Interface.getRoundData; reverts for a round that never was.
    function getRoundData(
        uint80 roundId
    ) public view returns (uint80, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound) {
        Round memory round = _rounds[roundId];
        if (round.updatedAt == 0) revert NoRound(roundId);
        return (roundId, round.answer, round.updatedAt, round.updatedAt, roundId);
    }

    function _append(int256 answer) private {
        uint80 roundId = latestRound + 1;
        latestRound = roundId;
        _rounds[roundId] = Round(answer, block.timestamp);
        emit AnswerUpdated(answer, roundId, block.timestamp);
    }
}
