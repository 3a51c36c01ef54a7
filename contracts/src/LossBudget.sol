// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title How much allowed calls may lose in a day, whoever makes them and wherever. USD with 18 decimals.
/// @notice The one rule: what was lost today plus what is carried open, counted in full, stays within the budget; beyond
/// it only plans pass that do not raise this sum (liquidations closed at once with a gain, the closing of what is carried).
/// A position that is carried loses between plans too (the price moves, somebody moves it): that is charged to the day of
/// the next plan. A day is one of the chain's clock, UTC.
abstract contract LossBudget {
    /// @dev What a venue's plans left open, and the margin account's equity at that moment.
    struct Carried {
        uint256 exposure;
        int256 equity;
    }

    struct Valuation {
        int256 total;
        int256 equity;
        uint256 exposure;
    }

    uint256 public budgetPerDay;
    uint256 public carriedInTotal;
    mapping(bytes32 venue => Carried left) public carried;
    uint256 private _day;
    uint256 private _spent;

    event BudgetSet(uint256 perDay);
    event LossCharged(bytes32 indexed venue, uint256 loss, uint256 spentToday);

    error OverBudget(uint256 atRisk, uint256 atRiskBefore, uint256 budgetPerDay);

    /// @notice What was lost today.
    function spentToday() public view returns (uint256) {
        return _day == block.timestamp / 1 days ? _spent : 0;
    }

    /// @notice What may still be lost or carried today.
    function budgetLeft() external view returns (uint256) {
        uint256 atRisk = spentToday() + carriedInTotal;
        return atRisk < budgetPerDay ? budgetPerDay - atRisk : 0;
    }

    /// @dev Charges one plan and what its venue's carried position lost since the plan before.
    function _charge(bytes32 venue, Valuation memory first, Valuation memory last) internal {
        Carried memory left = carried[venue];
        uint256 loss = _fall(first.total, last.total);
        uint256 drift = left.exposure > 0 ? _fall(left.equity, first.equity) : 0;
        uint256 elsewhere = carriedInTotal - left.exposure;
        uint256 before = spentToday() + drift + elsewhere + first.exposure;
        uint256 atRisk = spentToday() + drift + elsewhere + last.exposure + loss;
        if (atRisk > budgetPerDay && atRisk > before) revert OverBudget(atRisk, before, budgetPerDay);
        if (loss + drift > 0) _spend(venue, loss + drift);
        if (left.exposure + last.exposure > 0) _carry(venue, last.exposure, last.equity);
    }

    /// @dev Forgets what a venue carries: the next plan is measured afresh.
    function _forget(bytes32 venue) internal {
        if (carried[venue].exposure > 0) _carry(venue, 0, 0);
    }

    function _setBudget(uint256 perDay) internal {
        budgetPerDay = perDay;
        emit BudgetSet(perDay);
    }

    function _spend(bytes32 venue, uint256 loss) private {
        _spent = spentToday() + loss;
        _day = block.timestamp / 1 days;
        emit LossCharged(venue, loss, _spent);
    }

    function _carry(bytes32 venue, uint256 exposure, int256 equity) private {
        carriedInTotal = carriedInTotal - carried[venue].exposure + exposure;
        carried[venue] = Carried(exposure, equity);
    }

    function _fall(int256 from, int256 to) private pure returns (uint256) {
        return to < from ? uint256(from - to) : 0;
    }
}
