// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {AccessError} from "@synthetixio/core-contracts/contracts/errors/AccessError.sol";
import {IERC20} from "@synthetixio/core-contracts/contracts/interfaces/IERC20.sol";
import {OwnableStorage} from "@synthetixio/core-contracts/contracts/ownership/OwnableStorage.sol";
import {ITokenModule} from "@synthetixio/core-modules/contracts/interfaces/ITokenModule.sol";
import {AssociatedSystemsModule} from "@synthetixio/core-modules/contracts/modules/AssociatedSystemsModule.sol";
import {AssociatedSystem} from "@synthetixio/core-modules/contracts/storage/AssociatedSystem.sol";
import {INodeModule} from "@synthetixio/oracle-manager/contracts/interfaces/INodeModule.sol";
import {ISynthetixSystem} from "@synthetixio/perps-market/contracts/interfaces/external/ISynthetixSystem.sol";

/// @title Stand-in for Synthetix' core, as far as a market sees it: snxUSD, credit, collateral, the oracle manager.
/// @notice Real in it are snxUSD (core-modules' TokenModule behind its proxy) and who may mint and burn it for what.
/// Not real: pools and vaults. What liquidity providers stand for is one number per market, set by the owner; debt and
/// credit are not spread over them, nobody of them can be liquidated, and fees for deposit and withdrawal are zero.
contract TestCore is ISynthetixSystem, AssociatedSystemsModule {
    bytes32 private constant _USD_TOKEN = "USDToken";
    uint256 private constant _UNIT = 1e18;

    struct Market {
        address market;
        int256 credit;
        mapping(address token => uint256 amount) collateral;
    }

    INodeModule private immutable _oracleManager;
    mapping(uint128 id => Market) private _markets;
    uint128 private _marketCount;
    address[] private _collateralTypes;
    mapping(address token => bytes32 nodeId) private _nodes;
    mapping(address token => uint256 value) private _vaultValues;

    event MarketRegistered(address indexed market, uint128 indexed marketId, address indexed sender);

    error NotEnoughLiquidity(uint128 marketId, uint256 amount);
    error InsufficientMarketCollateralWithdrawable(uint128 marketId, address collateralType, uint256 tokenAmountToWithdraw);

    /// @param tokenImplementation core-modules' TokenModule, the code of snxUSD
    constructor(address owner_, INodeModule oracleManager_, address tokenImplementation) {
        OwnableStorage.load().owner = owner_;
        _oracleManager = oracleManager_;
        _initOrUpgradeToken(_USD_TOKEN, "Synthetic USD Token v3", "snxUSD", 18, tokenImplementation);
    }

    modifier onlyOwner() {
        OwnableStorage.onlyOwner();
        _;
    }

    // --- what liquidity providers would do ---

    /// @notice snxUSD (18 decimals) lent to `to` against collateral that is not here.
    function mintUsd(address to, uint256 amount) external onlyOwner {
        _usd().mint(to, amount);
    }

    /// @notice Liquidity providers stand behind a market with `credit` USD more (18 decimals; negative: less).
    function delegateCredit(uint128 marketId, int256 credit) external onlyOwner {
        _markets[marketId].credit += credit;
    }

    /// @notice A token that markets may deposit, with the oracle node of its price.
    function addCollateral(address token, bytes32 nodeId) external onlyOwner {
        _collateralTypes.push(token);
        _nodes[token] = nodeId;
    }

    /// @notice What liquidity providers have delegated of a token, in USD with 18 decimals.
    function setVaultValue(address token, uint256 value) external onlyOwner {
        _vaultValues[token] = value;
    }

    // --- what a market calls ---

    function registerMarket(address market) external returns (uint128 marketId) {
        marketId = ++_marketCount;
        _markets[marketId].market = market;
        emit MarketRegistered(market, marketId, msg.sender);
    }

    function depositMarketUsd(uint128 marketId, address target, uint256 amount) external returns (uint256 feeAmount) {
        Market storage market = _caller(marketId);
        ITokenModule usd = _usd();
        uint256 allowance = usd.allowance(target, msg.sender);
        if (allowance < amount) revert IERC20.InsufficientAllowance(amount, allowance);
        market.credit += int256(amount);
        usd.setAllowance(target, msg.sender, allowance - amount);
        usd.burn(target, amount);
        return 0;
    }

    function withdrawMarketUsd(uint128 marketId, address target, uint256 amount) external returns (uint256 feeAmount) {
        Market storage market = _caller(marketId);
        if (getWithdrawableMarketUsd(marketId) < amount) revert NotEnoughLiquidity(marketId, amount);
        market.credit -= int256(amount);
        _usd().mint(target, amount);
        return 0;
    }

    function depositMarketCollateral(uint128 marketId, address collateralType, uint256 tokenAmount) external {
        _caller(marketId).collateral[collateralType] += tokenAmount;
        IERC20(collateralType).transferFrom(msg.sender, address(this), tokenAmount);
    }

    function withdrawMarketCollateral(uint128 marketId, address collateralType, uint256 tokenAmount) external {
        Market storage market = _caller(marketId);
        if (market.collateral[collateralType] < tokenAmount) {
            revert InsufficientMarketCollateralWithdrawable(marketId, collateralType, tokenAmount);
        }
        market.collateral[collateralType] -= tokenAmount;
        IERC20(collateralType).transfer(msg.sender, tokenAmount);
    }

    function getWithdrawableMarketUsd(uint128 marketId) public view returns (uint256) {
        int256 withdrawable = _markets[marketId].credit + int256(_collateralValue(marketId));
        return withdrawable > 0 ? uint256(withdrawable) : 0;
    }

    function getOracleManager() external view returns (INodeModule) {
        return _oracleManager;
    }

    function getVaultCollateral(uint128, address collateralType) external view returns (uint256 amount, uint256 value) {
        value = _vaultValues[collateralType];
        return (value, value);
    }

    function _collateralValue(uint128 marketId) private view returns (uint256 value) {
        for (uint256 i = 0; i < _collateralTypes.length; ++i) {
            address token = _collateralTypes[i];
            uint256 amount = _markets[marketId].collateral[token];
            if (amount > 0) value += (amount * uint256(_oracleManager.process(_nodes[token]).price)) / _UNIT;
        }
    }

    function _caller(uint128 marketId) private view returns (Market storage market) {
        market = _markets[marketId];
        if (msg.sender != market.market) revert AccessError.Unauthorized(msg.sender);
    }

    function _usd() private view returns (ITokenModule) {
        return ITokenModule(AssociatedSystem.load(_USD_TOKEN).proxy);
    }
}
