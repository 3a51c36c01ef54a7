// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {INodeModule} from "@synthetixio/oracle-manager/contracts/interfaces/INodeModule.sol";

/// @title Stand-in for the core's interface of this name: what the perps market calls of it.
interface IUtilsModule {
    /// @notice The oracle manager all markets share.
    function getOracleManager() external view returns (INodeModule oracleManager);
}
