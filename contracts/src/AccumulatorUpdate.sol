// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev Named as in Pyth's PythErrors, so that a revert reads as on the real chain.
error InvalidUpdateData();
error InvalidWormholeVaa();
error InvalidUpdateDataSource();

/// @title Pyth's accumulator update, read and checked: a VAA that signs a Merkle root, and price messages under that root
/// @notice Big endian throughout. Update: "PNAU", major and minor version, header size and bytes, proof type 0, VAA size and
/// bytes, number of messages; each message with its size, then the number of its proof's nodes and those, 20 bytes each.
/// VAA (Wormhole, version 1): guardian set, signatures (place, r, s, v); signed is what follows: time, nonce, emitter's chain
/// and address, sequence, consistency, payload. Payload: "AUWV", type 0, slot, ring size, root.
/// @dev For TestPyth, which is a stand-in: the guardian set is number 0 and has one guardian.
library AccumulatorUpdate {
    struct Source {
        address guardian;
        uint16 emitterChain;
        bytes32 emitterAddress;
    }

    struct Message {
        bytes32 id;
        int64 price;
        uint64 conf;
        int32 expo;
        uint64 publishTime;
        uint64 prevPublishTime;
        int64 emaPrice;
        uint64 emaConf;
    }

    struct Cursor {
        uint256 position;
    }

    uint256 private constant UPDATE_MAGIC = 0x504e4155;
    uint256 private constant ROOT_MAGIC = 0x41555756;
    bytes1 private constant LEAF = 0x00;
    bytes1 private constant NODE = 0x01;

    /// @notice The price messages of an update, in its order. Reverts unless all are under the signed root.
    function messages(bytes calldata update, Source memory source) internal pure returns (Message[] memory prices) {
        Cursor memory cursor;
        bytes20 root = _root(_vaa(update, cursor), source);
        prices = new Message[](_uint(update, cursor, 1));
        for (uint256 i = 0; i < prices.length; i++) {
            prices[i] = _price(_message(update, cursor, root));
        }
        if (cursor.position != update.length) revert InvalidUpdateData();
    }

    /// @notice How many messages an update says it has: what its fee is for. Nothing is checked.
    function size(bytes calldata update) internal pure returns (uint256) {
        Cursor memory cursor;
        _vaa(update, cursor);
        return _uint(update, cursor, 1);
    }

    function _vaa(bytes calldata update, Cursor memory cursor) private pure returns (bytes calldata) {
        if (_uint(update, cursor, 4) != UPDATE_MAGIC) revert InvalidUpdateData();
        if (_uint(update, cursor, 1) != 1) revert InvalidUpdateData();
        // Minor versions and further headers are for readers that know them.
        _uint(update, cursor, 1);
        _take(update, cursor, _uint(update, cursor, 1));
        if (_uint(update, cursor, 1) != 0) revert InvalidUpdateData();
        return _take(update, cursor, _uint(update, cursor, 2));
    }

    function _root(bytes calldata vaa, Source memory source) private pure returns (bytes20) {
        Cursor memory cursor;
        bytes calldata body = _signedBody(vaa, cursor, source.guardian);
        cursor.position = 0;
        _take(body, cursor, 8);
        bool known = _uint(body, cursor, 2) == source.emitterChain;
        if (!known || bytes32(_take(body, cursor, 32)) != source.emitterAddress) revert InvalidUpdateDataSource();
        _take(body, cursor, 9);
        if (_uint(body, cursor, 4) != ROOT_MAGIC || _uint(body, cursor, 1) != 0) revert InvalidUpdateData();
        _take(body, cursor, 12);
        return bytes20(_take(body, cursor, 20));
    }

    function _signedBody(bytes calldata vaa, Cursor memory cursor, address guardian) private pure returns (bytes calldata) {
        // Version 1, guardian set 0, one signature, by the guardian at place 0.
        if (_uint(vaa, cursor, 7) != 0x01_00000000_01_00) revert InvalidWormholeVaa();
        bytes32 r = bytes32(_take(vaa, cursor, 32));
        bytes32 s = bytes32(_take(vaa, cursor, 32));
        uint256 v = _uint(vaa, cursor, 1);
        bytes calldata body = vaa[cursor.position:];
        bytes32 digest = keccak256(abi.encodePacked(keccak256(body)));
        if (v > 1 || ecrecover(digest, uint8(27 + v), r, s) != guardian) revert InvalidWormholeVaa();
        return body;
    }

    function _message(bytes calldata update, Cursor memory cursor, bytes20 root) private pure returns (bytes calldata message) {
        message = _take(update, cursor, _uint(update, cursor, 2));
        bytes20 node = bytes20(keccak256(abi.encodePacked(LEAF, message)));
        uint256 depth = _uint(update, cursor, 1);
        for (uint256 i = 0; i < depth; i++) {
            bytes20 sibling = bytes20(_take(update, cursor, 20));
            (bytes20 low, bytes20 high) = node < sibling ? (node, sibling) : (sibling, node);
            node = bytes20(keccak256(abi.encodePacked(NODE, low, high)));
        }
        if (node != root) revert InvalidUpdateData();
    }

    function _price(bytes calldata message) private pure returns (Message memory price) {
        Cursor memory cursor;
        if (_uint(message, cursor, 1) != 0) revert InvalidUpdateData();
        price.id = bytes32(_take(message, cursor, 32));
        price.price = int64(uint64(_uint(message, cursor, 8)));
        price.conf = uint64(_uint(message, cursor, 8));
        price.expo = int32(uint32(_uint(message, cursor, 4)));
        price.publishTime = uint64(_uint(message, cursor, 8));
        price.prevPublishTime = uint64(_uint(message, cursor, 8));
        price.emaPrice = int64(uint64(_uint(message, cursor, 8)));
        price.emaConf = uint64(_uint(message, cursor, 8));
    }

    function _uint(bytes calldata source, Cursor memory cursor, uint256 bytes_) private pure returns (uint256) {
        return uint256(bytes32(_take(source, cursor, bytes_))) >> (256 - 8 * bytes_);
    }

    function _take(bytes calldata source, Cursor memory cursor, uint256 bytes_) private pure returns (bytes calldata part) {
        uint256 start = cursor.position;
        cursor.position = start + bytes_;
        if (cursor.position > source.length) revert InvalidUpdateData();
        return source[start:cursor.position];
    }
}
