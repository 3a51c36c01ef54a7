// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IValuer} from "./IValuer.sol";

interface IVault {
    function getSettlementToken() external view returns (address);
    function decimals() external view returns (uint8);
    function getAccountBalance() external view returns (address);
    function getExchange() external view returns (address);
    function getCollateralManager() external view returns (address);
    function getBalance(address trader) external view returns (int256);
    function getBalanceByToken(address trader, address token) external view returns (int256);
}

interface IAccountBalance {
    function getBaseTokens(address trader) external view returns (address[] memory);
    function getPnlAndPendingFee(address trader) external view returns (int256 owedRealizedPnl, int256 unrealizedPnl, uint256 fee);
    function getTakerPositionSize(address trader, address baseToken) external view returns (int256);
    function getTakerOpenNotional(address trader, address baseToken) external view returns (int256);
}

interface IExchange {
    function getAllPendingFundingPayment(address trader) external view returns (int256);
}

interface IBaseToken {
    function getIndexPrice(uint256 interval) external view returns (uint256);
    function isClosed() external view returns (bool);
    function getClosedPrice() external view returns (uint256);
}

interface ICollateralManager {
    function getPrice(address token, uint256 interval) external view returns (uint256);
    function getPriceFeedDecimals(address token) external view returns (uint8);
}

interface IERC20 {
    function balanceOf(address account) external view returns (uint256);
    function decimals() external view returns (uint8);
}

/// @title What an account is worth on Perpetual Protocol V2 by settled cash and the oracle's newest answer.
/// @notice Never by the mark or the pool: those move with trades, and whoever moves them against the account, or trades
/// with it, would hide his gain there. The newest answer (interval 0) and not a TWAP: a TWAP lags behind the market, and
/// buying at the market what it still values higher (or lower) would look free. Funding that is due counts, as the next
/// touch of the position settles it. Maker orders are not valued: an executor can have none.
contract PerpV2Valuer is IValuer {
    IVault public immutable vault;
    IAccountBalance public immutable accountBalance;
    IExchange public immutable exchange;
    ICollateralManager public immutable collateralManager;
    address public immutable settlementToken;
    uint256 private immutable _settlementUnit;
    address[] private _tokens;

    /// @param vault_ the deployment's Vault, which names its other contracts
    /// @param tokens_ collaterals other than the settlement token that an executor may come to hold
    constructor(IVault vault_, address[] memory tokens_) {
        vault = vault_;
        accountBalance = IAccountBalance(vault_.getAccountBalance());
        exchange = IExchange(vault_.getExchange());
        collateralManager = ICollateralManager(vault_.getCollateralManager());
        settlementToken = vault_.getSettlementToken();
        _settlementUnit = 10 ** (18 - vault_.decimals());
        _tokens = tokens_;
    }

    /// @notice The collaterals that are valued, besides the settlement token.
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc IValuer
    function valuation(address account) external view returns (int256 total, int256 equity, uint256 exposure) {
        (equity, exposure) = _positions(account);
        equity += _cash(account);
        total = equity + int256(IERC20(settlementToken).balanceOf(account) * _settlementUnit);
        for (uint256 i = 0; i < _tokens.length; ++i) {
            total += int256(_worth(account, _tokens[i]));
        }
    }

    function _cash(address account) private view returns (int256) {
        (int256 owed, , uint256 fee) = accountBalance.getPnlAndPendingFee(account);
        int256 balance = vault.getBalance(account) * int256(_settlementUnit);
        return balance + owed + int256(fee) - exchange.getAllPendingFundingPayment(account);
    }

    function _positions(address account) private view returns (int256 pnl, uint256 exposure) {
        address[] memory markets = accountBalance.getBaseTokens(account);
        for (uint256 i = 0; i < markets.length; ++i) {
            int256 size = accountBalance.getTakerPositionSize(account, markets[i]);
            int256 value = (size * int256(_price(IBaseToken(markets[i])))) / 1e18;
            pnl += value + accountBalance.getTakerOpenNotional(account, markets[i]);
            exposure += uint256(value < 0 ? -value : value);
        }
    }

    /// @dev While paused, the market's own stopped index; once closed, what everybody is paid out at.
    function _price(IBaseToken market) private view returns (uint256) {
        return market.isClosed() ? market.getClosedPrice() : market.getIndexPrice(0);
    }

    function _worth(address account, address token) private view returns (uint256) {
        uint256 amount = IERC20(token).balanceOf(account) + uint256(vault.getBalanceByToken(account, token));
        if (amount == 0) return 0;
        uint256 scale = 10 ** (uint256(IERC20(token).decimals()) + collateralManager.getPriceFeedDecimals(token));
        return (amount * collateralManager.getPrice(token, 0) * 1e18) / scale;
    }
}
