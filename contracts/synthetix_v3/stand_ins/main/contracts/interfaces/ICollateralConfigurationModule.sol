// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// @title Stand-in for the core's interface of this name: the perps market inherits it and calls nothing of it.
interface ICollateralConfigurationModule {}
