// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {OwnableStorage} from "@synthetixio/core-contracts/contracts/ownership/OwnableStorage.sol";
import {ITokenModule} from "@synthetixio/core-modules/contracts/interfaces/ITokenModule.sol";
import {AssociatedSystemsModule} from "@synthetixio/core-modules/contracts/modules/AssociatedSystemsModule.sol";
import {AssociatedSystem} from "@synthetixio/core-modules/contracts/storage/AssociatedSystem.sol";
import {INodeModule} from "@synthetixio/oracle-manager/contracts/interfaces/INodeModule.sol";
import {Price} from "@synthetixio/spot-market/contracts/storage/Price.sol";
import {SpotMarketFactory} from "@synthetixio/spot-market/contracts/storage/SpotMarketFactory.sol";
import {Transaction} from "@synthetixio/spot-market/contracts/utils/TransactionUtil.sol";

/// @title Stand-in for Synthetix' spot market, as far as the perps market sees it: synths, their prices, their skew scales.
/// @notice Real in it are the prices (spot-market's Price library, with its tolerances) and the synths (core-modules'
/// TokenModule behind its proxy). Not real: buying and selling. The owner mints synths out of nothing.
contract TestSpotMarket is AssociatedSystemsModule {
    using Price for Price.Data;

    address private immutable _tokenImplementation;
    mapping(uint128 marketId => uint256 skewScale) private _skewScales;

    event SynthRegistered(uint256 indexed synthMarketId, address synthTokenAddress);
    event SynthPriceDataUpdated(
        uint256 indexed synthMarketId,
        bytes32 indexed buyFeedId,
        bytes32 indexed sellFeedId,
        uint256 strictStalenessTolerance
    );
    event MarketSkewScaleSet(uint256 indexed synthMarketId, uint256 skewScale);

    constructor(address owner_, INodeModule oracleManager_, address tokenImplementation_) {
        OwnableStorage.load().owner = owner_;
        SpotMarketFactory.load().oracle = oracleManager_;
        _tokenImplementation = tokenImplementation_;
    }

    modifier onlyOwner() {
        OwnableStorage.onlyOwner();
        _;
    }

    /// @notice Creates a synth with 18 decimals under a number nobody has.
    function createSynth(uint128 marketId, string memory name, string memory symbol) external onlyOwner {
        _initOrUpgradeToken(_system(marketId), name, symbol, 18, _tokenImplementation);
        emit SynthRegistered(marketId, getSynth(marketId));
    }

    /// @notice The oracle nodes of a synth, and the tolerance of strict prices in seconds.
    function updatePriceData(uint128 marketId, bytes32 buyFeedId, bytes32 sellFeedId, uint256 strictTolerance) external onlyOwner {
        Price.load(marketId).update(buyFeedId, sellFeedId, strictTolerance);
        emit SynthPriceDataUpdated(marketId, buyFeedId, sellFeedId, strictTolerance);
    }

    /// @notice How many synths sold move the price by its whole (18 decimals); the perps market's haircut follows it.
    function setMarketSkewScale(uint128 marketId, uint256 skewScale) external onlyOwner {
        _skewScales[marketId] = skewScale;
        emit MarketSkewScaleSet(marketId, skewScale);
    }

    /// @notice Synths (18 decimals) out of nothing.
    function mint(uint128 marketId, address to, uint256 amount) external onlyOwner {
        ITokenModule(getSynth(marketId)).mint(to, amount);
    }

    // --- what the perps market calls ---

    function getSynth(uint128 marketId) public view returns (address) {
        return AssociatedSystem.load(_system(marketId)).proxy;
    }

    function getMarketSkewScale(uint128 marketId) external view returns (uint256) {
        return _skewScales[marketId];
    }

    function getPriceData(uint128 marketId) external view returns (bytes32 buyFeedId, bytes32 sellFeedId, uint256 strictTolerance) {
        Price.Data storage price = Price.load(marketId);
        return (price.buyFeedId, price.sellFeedId, price.strictStalenessTolerance);
    }

    function indexPrice(uint128 marketId, uint128 transactionType, Price.Tolerance tolerance) external view returns (uint256) {
        return Price.getCurrentPrice(marketId, Transaction.loadValidTransactionType(transactionType), tolerance);
    }

    function _system(uint128 marketId) private pure returns (bytes32) {
        return keccak256(abi.encodePacked("synth", marketId));
    }
}
