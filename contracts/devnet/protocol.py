"""Brings up the real Perp V2 contracts: the order and the arguments are those of each contract's `initialize`."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from contracts.devnet.artifacts import bytecode
from contracts.devnet.calldata import constructor
from contracts.devnet.chain import CREATE_GAS, Chain, Transaction
from contracts.devnet.deployment import Collateral, Core, Feed, Market
from contracts.devnet.pricing import sqrt_price_x96
from contracts.devnet.roles import CREATE2_FACTORY, OWNER

_MAX = 2**256 - 1
_POOL_FEE = 10_000
_EXCHANGE_FEE = 1_000
_INSURANCE_SHARE = 100_000
_MAX_TICK_CROSSED = 1_000
_FEED_TIMEOUT = 864_000
_TWAP_SECONDS = 900
# One observation per block that trades. 30 minutes of a chain with a trade every second must fit (`OLD` otherwise);
# a transaction may grow the ring by some 600 slots.
_GROWTH_GAS = 16_000_000
_CARDINALITIES = (600, 1_200, 1_800, 2_000)


def deploy_token(chain: Chain, name: str, symbol: str, decimals: int) -> str:
    """A mintable ERC-20."""
    code = constructor(bytecode("devnet", "TestToken"), ("string", "string", "uint8"), name, symbol, decimals)
    return chain.create(OWNER, code, symbol)


def deploy_feed(chain: Chain, name: str, price_8: int) -> Feed:
    """An aggregator with a first answer, and the venue's real feed and dispatcher on it."""
    code = constructor(bytecode("devnet", "TestAggregator"), ("string", "int256"), f"{name} / USD", price_8)
    aggregator = chain.create(OWNER, code, f"aggregator {name}")
    types = ("address", "uint256", "uint80")
    code = constructor(bytecode("oracle", "ChainlinkPriceFeedV3"), types, aggregator, _FEED_TIMEOUT, _TWAP_SECONDS)
    feed = chain.create(OWNER, code, f"feed {name}")
    code = constructor(bytecode("oracle", "PriceFeedDispatcher"), ("address",), feed)
    dispatcher = chain.create(OWNER, code, f"dispatcher {name}")
    chain.send(OWNER, feed, "update()")
    return Feed(aggregator, feed, dispatcher)


def deploy_core(chain: Chain, usdc: str, weth: str, above: int) -> Core:
    """Creates, initialises and wires the venue's contracts. The quote token's address will be above `above`."""
    core = _create_core(chain, above)
    _initialize(chain, core, usdc)
    _wire(chain, core, weth)
    chain.send(OWNER, core.clearing_house_config, "setSettlementTokenBalanceCap(uint256)", _MAX)
    chain.send(OWNER, core.quote_token, "mintMaximumTo(address)", core.clearing_house)
    chain.send(OWNER, core.quote_token, "addWhitelist(address)", core.clearing_house)
    return core


def create_base_token(chain: Chain, name: str) -> str:
    """A virtual base token, still to be initialised: its address must be known before the quote token's is chosen."""
    return chain.create(OWNER, bytecode("curie", "BaseToken"), f"v{name}")


def open_market(chain: Chain, core: Core, name: str, base: str, price: Feed, price_8: int) -> Market:
    """Initialises a base token and opens its market at a price."""
    chain.send(OWNER, base, "initialize(string,string,address)", f"v{name}", f"v{name}", price.dispatcher)
    chain.send(OWNER, base, "mintMaximumTo(address)", core.clearing_house)
    chain.send(OWNER, base, "addWhitelist(address)", core.clearing_house)
    pair = (base, core.quote_token, _POOL_FEE)
    chain.send(OWNER, core.uniswap_factory, "createPool(address,address,uint24)", *pair, gas=CREATE_GAS)
    pool = pool_address(core.uniswap_factory, base, core.quote_token, _POOL_FEE)
    chain.send(OWNER, base, "addWhitelist(address)", pool)
    chain.send(OWNER, core.quote_token, "addWhitelist(address)", pool)
    chain.send(OWNER, pool, "initialize(uint160)", sqrt_price_x96(price_8))
    for cardinality in _CARDINALITIES:
        chain.send(OWNER, pool, "increaseObservationCardinalityNext(uint16)", cardinality, gas=_GROWTH_GAS)
    registry = core.market_registry
    chain.send(OWNER, registry, "addPool(address,uint24)", base, _POOL_FEE)
    chain.send(OWNER, registry, "setFeeRatio(address,uint24)", base, _EXCHANGE_FEE)
    chain.send(OWNER, registry, "setInsuranceFundFeeRatio(address,uint24)", base, _INSURANCE_SHARE)
    chain.send(OWNER, core.exchange, "setMaxTickCrossedWithinBlock(address,uint24)", base, _MAX_TICK_CROSSED)
    return Market(name, base, pool, price, price_8)


def add_collateral(chain: Chain, core: Core, collateral: Collateral) -> None:
    """Lets the vault accept a token as margin."""
    ratios = (collateral.collateral_ratio, collateral.discount_ratio, _MAX)
    signature = "addCollateral(address,(address,uint24,uint24,uint256))"
    chain.send(OWNER, core.collateral_manager, signature, collateral.token, (collateral.price.dispatcher, *ratios))


def _create_core(chain: Chain, above: int) -> Core:
    def create(contract: str) -> str:
        return chain.create(OWNER, bytecode("curie", contract), contract)

    return Core(
        uniswap_factory=chain.create(OWNER, bytecode("uniswap", "UniswapV3Factory"), "UniswapV3Factory"),
        quote_token=_create_quote_token(chain, above),
        clearing_house_config=create("ClearingHouseConfig"),
        market_registry=create("MarketRegistry"),
        order_book=create("OrderBook"),
        insurance_fund=create("InsuranceFund"),
        account_balance=create("AccountBalance"),
        exchange=create("Exchange"),
        vault=create("Vault"),
        collateral_manager=create("CollateralManager"),
        clearing_house=create("ClearingHouse"),
        delegate_approval=create("DelegateApproval"),
    )


def _initialize(chain: Chain, core: Core, usdc: str) -> None:
    def initialize(contract: str, types: str, *arguments: object) -> None:
        chain.send(OWNER, contract, f"initialize({types})", *arguments)

    config, registry, book = core.clearing_house_config, core.market_registry, core.order_book
    initialize(core.quote_token, "string,string", "vUSD", "vUSD")
    initialize(config, "")
    initialize(registry, "address,address", core.uniswap_factory, core.quote_token)
    initialize(book, "address", registry)
    initialize(core.insurance_fund, "address", usdc)
    initialize(core.account_balance, "address,address", config, book)
    initialize(core.exchange, "address,address,address", registry, book, config)
    chain.send(OWNER, core.exchange, "setAccountBalance(address)", core.account_balance)
    chain.send(OWNER, book, "setExchange(address)", core.exchange)
    four = "address,address,address,address"
    initialize(core.vault, four, core.insurance_fund, config, core.account_balance, core.exchange)
    chain.send(OWNER, core.insurance_fund, "setVault(address)", core.vault)
    chain.send(OWNER, core.account_balance, "setVault(address)", core.vault)
    types = "address,address,uint8,uint24,uint24,uint24,uint24,uint256,uint256"
    ratios = (5, 750_000, 500_000, 2_000, 30_000, 10_000 * 10**6, 500 * 10**6)
    initialize(core.collateral_manager, types, config, core.vault, *ratios)
    initialize(core.delegate_approval, "")
    types = "address,address,address,address,address,address,address"
    middle = (config, core.vault, core.quote_token, core.uniswap_factory, core.exchange)
    initialize(core.clearing_house, types, *middle, core.account_balance, core.insurance_fund)


def _wire(chain: Chain, core: Core, weth: str) -> None:
    chain.send(OWNER, core.vault, "setCollateralManager(address)", core.collateral_manager)
    chain.send(OWNER, core.vault, "setWETH9(address)", weth)
    chain.send(OWNER, core.clearing_house, "setDelegateApproval(address)", core.delegate_approval)
    knows_house = (core.market_registry, core.order_book, core.exchange, core.account_balance, core.vault)
    for contract in knows_house:
        chain.send(OWNER, contract, "setClearingHouse(address)", core.clearing_house)


def _create_quote_token(chain: Chain, above: int) -> str:
    """MarketRegistry wants base < quote (`MR_IB`): a CREATE2 salt is searched that puts the quote token above."""
    code = bytes.fromhex(bytecode("curie", "QuoteToken")[2:])
    tail = keccak(code)
    head = b"\xff" + bytes.fromhex(CREATE2_FACTORY[2:])
    salt = 0
    while int.from_bytes(keccak(head + salt.to_bytes(32, "big") + tail)[12:], "big") <= above:
        salt += 1
    packed = salt.to_bytes(32, "big")
    chain.queue(Transaction(OWNER, CREATE2_FACTORY, "0x" + (packed + code).hex(), CREATE_GAS, "create QuoteToken"))
    return to_checksum_address(keccak(head + packed + tail)[12:])


def pool_address(factory: str, first: str, second: str, fee: int) -> str:
    """Where the factory's CREATE2 puts the pool of two tokens, in the order of their addresses. Source: UniswapV3PoolDeployer."""
    salt = keccak(encode(("address", "address", "uint24"), (first, second, fee)))
    tail = keccak(bytes.fromhex(bytecode("uniswap", "UniswapV3Pool")[2:]))
    return to_checksum_address(keccak(b"\xff" + bytes.fromhex(factory[2:]) + salt + tail)[12:])
