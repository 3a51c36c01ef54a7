// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {OwnableStorage} from "@synthetixio/core-contracts/contracts/ownership/OwnableStorage.sol";

/// @title One address in front of many modules: a call goes to the module that has its selector.
/// @notice A stand-in for Synthetix' generated router and the upgradable proxy before it. Not real here: the table is
/// storage and not code, and an upgrade changes nothing.
/// @dev The modules keep all their state in slots that are hashes of names, so that the table in slot 0 meets none of it.
contract SelectorRouter {
    struct Facet {
        address module;
        bytes4[] selectors;
    }

    mapping(bytes4 selector => address module) private _modules;

    error UnknownSelector(bytes4 selector);
    error SelectorTaken(bytes4 selector, address module);

    /// @param owner_ the owner the modules see
    constructor(address owner_, Facet[] memory facets) {
        OwnableStorage.load().owner = owner_;
        for (uint256 i = 0; i < facets.length; ++i) {
            _add(facets[i]);
        }
    }

    /// @notice The module that answers a selector; zero if none does.
    function facetAddress(bytes4 functionSelector) external view returns (address) {
        return _modules[functionSelector];
    }

    fallback() external {
        address module = _modules[msg.sig];
        if (module == address(0)) revert UnknownSelector(msg.sig);
        assembly ("memory-safe") {
            let memoryStart := mload(0x40)
            calldatacopy(memoryStart, 0, calldatasize())
            let success := delegatecall(gas(), module, memoryStart, calldatasize(), 0, 0)
            returndatacopy(memoryStart, 0, returndatasize())
            switch success
            case 0 {
                revert(memoryStart, returndatasize())
            }
            default {
                return(memoryStart, returndatasize())
            }
        }
    }

    function _add(Facet memory facet) private {
        for (uint256 i = 0; i < facet.selectors.length; ++i) {
            bytes4 selector = facet.selectors[i];
            if (_modules[selector] != address(0)) revert SelectorTaken(selector, _modules[selector]);
            _modules[selector] = facet.module;
        }
    }
}
