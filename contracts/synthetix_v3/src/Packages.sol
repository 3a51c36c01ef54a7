// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

// What is compiled of Synthetix's packages, unchanged: the perps market's modules, the oracle manager, a token.
import {AssociatedSystemsModule} from "@synthetixio/perps-market/contracts/modules/AssociatedSystemsModule.sol";
import {AsyncOrderCancelModule} from "@synthetixio/perps-market/contracts/modules/AsyncOrderCancelModule.sol";
import {AsyncOrderModule} from "@synthetixio/perps-market/contracts/modules/AsyncOrderModule.sol";
import {AsyncOrderSettlementPythModule} from "@synthetixio/perps-market/contracts/modules/AsyncOrderSettlementPythModule.sol";
import {CollateralConfigurationModule} from "@synthetixio/perps-market/contracts/modules/CollateralConfigurationModule.sol";
import {CoreModule} from "@synthetixio/perps-market/contracts/modules/CoreModule.sol";
import {FeatureFlagModule} from "@synthetixio/perps-market/contracts/modules/FeatureFlagModule.sol";
import {GlobalPerpsMarketModule} from "@synthetixio/perps-market/contracts/modules/GlobalPerpsMarketModule.sol";
import {LiquidationModule} from "@synthetixio/perps-market/contracts/modules/LiquidationModule.sol";
import {MarketConfigurationModule} from "@synthetixio/perps-market/contracts/modules/MarketConfigurationModule.sol";
import {PerpsAccountModule} from "@synthetixio/perps-market/contracts/modules/PerpsAccountModule.sol";
import {PerpsMarketFactoryModule} from "@synthetixio/perps-market/contracts/modules/PerpsMarketFactoryModule.sol";
import {PerpsMarketModule} from "@synthetixio/perps-market/contracts/modules/PerpsMarketModule.sol";
import {NodeModule} from "@synthetixio/oracle-manager/contracts/modules/NodeModule.sol";
import {TokenModule} from "@synthetixio/core-modules/contracts/modules/TokenModule.sol";

// An interface whose ABI is wanted: what is asked of the spot market.
import {ISpotMarketSystem} from "@synthetixio/perps-market/contracts/interfaces/external/ISpotMarketSystem.sol";
