// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

interface IDollar {
    function mint(address to, uint256 amount) external;
}

/// @title An exchange small enough to be read in a minute: isolated longs of one market, bought with borrowed dollars.
/// @notice Amounts have 18 decimals. Debts grow at one rate. A position worth less than its debt and a tenth of its value may be closed by
/// anybody for a hundredth of its value.
contract ToyExchange {
    struct Position {
        uint256 size;
        uint256 debt;
        uint256 growth;
    }

    uint256 private constant UNIT = 1e18;
    address public immutable owner;
    IDollar public immutable dollar;
    uint256 public price;
    uint256 public rate;
    uint256 private settledGrowth = UNIT;
    uint256 private settledAt = block.timestamp;
    mapping(address trader => Position position) public positions;

    event PriceFeedSet(address feed);
    event BorrowRateSet(uint256 rate);
    event PositionOpened(address indexed trader, uint256 size, uint256 debt);
    event PositionClosed(address indexed trader);
    event PositionLiquidated(address indexed trader, address indexed liquidator, uint256 size, uint256 notional, uint256 reward);

    error NotOwner(address sender);
    error NoPosition(address trader);
    error PositionExists(address trader);
    error Undercollateralised(address trader, int256 equity, uint256 requirement);
    error Healthy(address trader, int256 equity, uint256 requirement);

    constructor(IDollar dollar_) {
        owner = msg.sender;
        dollar = dollar_;
        emit PriceFeedSet(msg.sender);
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    /// @notice A new price of the base; no event tells it.
    function setPrice(uint256 price_) external onlyOwner {
        price = price_;
    }

    /// @notice What debts grow by in a second, from now on.
    function setRate(uint256 rate_) external onlyOwner {
        settledGrowth = growth();
        settledAt = block.timestamp;
        rate = rate_;
        emit BorrowRateSet(rate_);
    }

    /// @notice Buys at the price, without a fee; what is not borrowed the caller pays.
    function open(uint256 size, uint256 debt) external {
        if (positions[msg.sender].size != 0) revert PositionExists(msg.sender);
        positions[msg.sender] = Position(size, debt, growth());
        if (equity(msg.sender) < int256(requirement(msg.sender))) {
            revert Undercollateralised(msg.sender, equity(msg.sender), requirement(msg.sender));
        }
        emit PositionOpened(msg.sender, size, debt);
    }

    function close() external {
        if (positions[msg.sender].size == 0) revert NoPosition(msg.sender);
        delete positions[msg.sender];
        emit PositionClosed(msg.sender);
    }

    function liquidate(address trader) external {
        uint256 size = positions[trader].size;
        if (size == 0) revert NoPosition(trader);
        if (equity(trader) >= int256(requirement(trader))) revert Healthy(trader, equity(trader), requirement(trader));
        uint256 notional = size * price / UNIT;
        delete positions[trader];
        dollar.mint(msg.sender, notional / 100);
        emit PositionLiquidated(trader, msg.sender, size, notional, notional / 100);
    }

    /// @notice What a debt of 1 at the beginning has become.
    function growth() public view returns (uint256) {
        return settledGrowth + rate * (block.timestamp - settledAt);
    }

    function equity(address trader) public view returns (int256) {
        Position memory position = positions[trader];
        if (position.size == 0) return 0;
        return int256(position.size * price / UNIT) - int256(position.debt * growth() / position.growth);
    }

    function requirement(address trader) public view returns (uint256) {
        return positions[trader].size * price / UNIT / 10;
    }
}
