// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Stand-in for the OP Stack's GasPriceOracle since Fjord, for devnets without an L1
/// @notice Parameters are whatever anybody sets; fees follow the Fjord formula, the size is what FastLZ (level 1) makes
/// of the data. Written for clearness, not for gas.
contract TestGasPriceOracle {
    uint256 public l1BaseFee;
    uint256 public blobBaseFee;
    uint32 public baseFeeScalar;
    uint32 public blobBaseFeeScalar;

    function set(uint256 l1BaseFee_, uint256 blobBaseFee_, uint32 baseFeeScalar_, uint32 blobBaseFeeScalar_) external {
        l1BaseFee = l1BaseFee_;
        blobBaseFee = blobBaseFee_;
        baseFeeScalar = baseFeeScalar_;
        blobBaseFeeScalar = blobBaseFeeScalar_;
    }

    /// @notice The fee of an unsigned transaction, 68 bytes added for its signature.
    function getL1Fee(bytes calldata data) external view returns (uint256) {
        int256 size = -42_585_600 + 836_500 * int256(compressedLength(data) + 68);
        if (size < 100e6) size = 100e6;
        uint256 perByte = uint256(baseFeeScalar) * 16 * l1BaseFee + uint256(blobBaseFeeScalar) * blobBaseFee;
        return (uint256(size) * perByte) / 1e12;
    }

    /// @notice How many bytes FastLZ makes of the data.
    function compressedLength(bytes memory data) public pure returns (uint256 length) {
        uint256[] memory lastSeen = new uint256[](8192);
        uint256 limit = data.length < 13 ? 0 : data.length - 13;
        uint256 start;
        uint256 position = 2;
        while (position < limit) {
            (uint256 found, uint256 place) = _nextMatch(data, lastSeen, position, limit);
            if (place >= limit) break;
            length += _literals(place - start);
            uint256 matched = _agreement(data, found + 3, place + 3, limit + 9);
            length += 3 * ((matched - 1) / 262) + ((matched - 1) % 262 >= 6 ? 3 : 2);
            position = place + matched;
            lastSeen[_bucket(_window(data, position))] = position;
            lastSeen[_bucket(_window(data, position + 1))] = position + 1;
            position += 2;
            start = position;
        }
        length += _literals(data.length - start);
    }

    /// @dev The first place from `position` on whose three bytes stood at `found` before, no more than 8,191 bytes back;
    /// `limit` when there is none.
    function _nextMatch(bytes memory data, uint256[] memory lastSeen, uint256 position, uint256 limit)
        private
        pure
        returns (uint256 found, uint256 place)
    {
        for (place = position; place < limit; place++) {
            uint256 window = _window(data, place);
            found = lastSeen[_bucket(window)];
            lastSeen[_bucket(window)] = place;
            // The original steps on before it compares, and gives up at the limit.
            if (place + 1 >= limit) return (found, limit);
            if (place - found <= 8191 && window == _window(data, found)) return (found, place);
        }
    }

    /// @dev Bytes up to and with the first that differs.
    function _agreement(bytes memory data, uint256 first, uint256 second, uint256 end)
        private
        pure
        returns (uint256 length)
    {
        while (second + length < end) {
            length++;
            if (data[first + length - 1] != data[second + length - 1]) break;
        }
    }

    function _window(bytes memory data, uint256 place) private pure returns (uint256) {
        return uint256(uint8(data[place])) | (uint256(uint8(data[place + 1])) << 8)
            | (uint256(uint8(data[place + 2])) << 16);
    }

    function _bucket(uint256 window) private pure returns (uint256) {
        return ((2_654_435_769 * window) >> 19) & 8191;
    }

    function _literals(uint256 count) private pure returns (uint256) {
        return 33 * (count / 32) + (count % 32 > 0 ? (count % 32) + 1 : 0);
    }
}
