// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Which calls an executor may make: a list of functions with, for every argument, what it may be.
/// @notice What no rule names is forbidden. A rule fixes target, selector and the exact number of argument words; a word
/// with allowed values (a receiver, a market, a token) must be one of them; a word without (an amount, the account to be
/// liquidated) is free, but is never the executor itself. Routers, multicalls and forwarders make calls of their caller's
/// choice: no rule can bound them, so none may be a target.
library CallRules {
    /// @dev `words[i]` are the values argument word i may have; none means free. `feeView` makes the function payable:
    /// a view of the same target that takes the same arguments and quotes the native coin it wants (Pyth: getUpdateFee).
    /// Only a payable rule may leave `words` empty: its arguments (a signed price message) then have any length.
    struct Rule {
        address target;
        bytes4 selector;
        bytes4 feeView;
        bytes32[][] words;
    }

    struct Shape {
        bool known;
        uint8 words;
        bytes4 feeView;
        uint128 listed;
    }

    /// @dev A scope is one list of rules; a list that is replaced leaves its entries behind under a scope nobody uses.
    struct Book {
        mapping(bytes32 rule => Shape shape) shapes;
        mapping(bytes32 entry => bool allowed) values;
    }

    error NotAllowed(address target, bytes4 selector);
    error WrongLength(address target, bytes4 selector, uint256 length);
    error ArgumentRefused(address target, bytes4 selector, uint256 word, bytes32 value);
    error ValueRefused(address target, uint256 value, uint256 fee);
    error RuleInvalid(address target, bytes4 selector);

    /// @notice Adds a rule to a scope.
    function add(Book storage book, bytes32 scope, Rule calldata rule) internal {
        bool endless = rule.words.length == 0 && rule.feeView != bytes4(0);
        bool real = rule.target.code.length > 0 && rule.target != address(this);
        if (!real || rule.words.length > 128 || (rule.words.length == 0 && !endless)) revert RuleInvalid(rule.target, rule.selector);
        bytes32 key = _key(scope, rule.target, rule.selector);
        if (book.shapes[key].known) revert RuleInvalid(rule.target, rule.selector);
        uint128 listed;
        for (uint256 word = 0; word < rule.words.length; ++word) {
            for (uint256 i = 0; i < rule.words[word].length; ++i) {
                book.values[_entry(key, word, rule.words[word][i])] = true;
                listed |= uint128(1) << uint128(word);
            }
        }
        book.shapes[key] = Shape(true, uint8(rule.words.length), rule.feeView, listed);
    }

    /// @notice Reverts unless the scope allows this call.
    function check(Book storage book, bytes32 scope, address target, uint256 value, bytes calldata data) internal view {
        bytes4 selector = bytes4(data);
        bytes32 key = _key(scope, target, selector);
        Shape memory shape = book.shapes[key];
        if (!shape.known || data.length < 4) revert NotAllowed(target, selector);
        if (shape.words > 0 && data.length != 4 + 32 * uint256(shape.words)) revert WrongLength(target, selector, data.length);
        for (uint256 word = 0; word < shape.words; ++word) {
            bytes32 argument = bytes32(data[4 + 32 * word:]);
            bool isListed = (shape.listed >> word) & 1 == 1;
            // The upper bytes are cut off as a callee that does not check them would.
            bool allowed = isListed ? book.values[_entry(key, word, argument)] : address(uint160(uint256(argument))) != address(this);
            if (!allowed) revert ArgumentRefused(target, selector, word, argument);
        }
        if (value > 0) _checkFee(shape.feeView, target, value, data);
    }

    function _checkFee(bytes4 feeView, address target, uint256 value, bytes calldata data) private view {
        if (feeView == bytes4(0)) revert ValueRefused(target, value, 0);
        (bool success, bytes memory quote) = target.staticcall(abi.encodePacked(feeView, data[4:]));
        uint256 fee = success && quote.length >= 32 ? abi.decode(quote, (uint256)) : 0;
        if (value > fee) revert ValueRefused(target, value, fee);
    }

    function _key(bytes32 scope, address target, bytes4 selector) private pure returns (bytes32) {
        return keccak256(abi.encode(scope, target, selector));
    }

    function _entry(bytes32 key, uint256 word, bytes32 value) private pure returns (bytes32) {
        return keccak256(abi.encode(key, word, value));
    }
}
