"""keeper executor …: from no contract to an operator that can act, and back, without a hand-written transaction."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from keeper import daemon
from keeper.commands.owner_desk import Holding, OwnerDesk, OwnerOptions, carry_out, done, owner_desk, owner_wallet, table
from keeper.domain import parse
from keeper.domain.chain import Address
from keeper.domain.fixed import X18, to_units
from keeper.domain.money import Usd18
from keeper.engine.evaluator import Evaluator
from keeper.errors import ConfigError
from keeper.execution import ownership
from keeper.execution.owner_wallet import OwnerWallet
from keeper.execution.ownership import Step
from keeper.execution.standing import Standing, VenueStanding, gas_problem, problems

_GWEI = 10**9


def deploy(options: OwnerOptions, treasury: str) -> int:
    """A new executor owned by the key, paying to `treasury`."""
    return asyncio.run(_deploy(options, _address(treasury, "--treasury")))


def allow(options: OwnerOptions, budget_usd: float | None, treasury: str | None) -> int:
    """Rules, valuer, budget and operators as plans need them; only what is not so already."""
    return asyncio.run(_allow(options, budget_usd, _address(treasury, "--treasury") if treasury else None))


def fund(options: OwnerOptions, venue: str | None, margin_usd: float, gas: float) -> int:
    """Margin for the executor, coin for each operator, from the owner's account."""
    return asyncio.run(_fund(options, venue, margin_usd, gas))


def sweep(options: OwnerOptions, venue: str | None, margin_usd: float, token: str | None) -> int:
    """Margin back into the executor's wallet, and everything in that wallet to the treasury."""
    return asyncio.run(_sweep(options, venue, margin_usd, _address(token, "--token") if token else None))


def revoke(options: OwnerOptions, operator: str | None) -> int:
    """Takes the right to act away from an operator; from all of the settings where none is named."""
    return asyncio.run(_revoke(options, _address(operator, "--operator") if operator else None))


def status(config: Path, executor: str | None, as_json: bool) -> int:
    """What the executor is, has and lacks. Exit code 1 when something keeps an operator from acting."""
    return asyncio.run(_status(config, executor, as_json))


async def _deploy(options: OwnerOptions, treasury: Address) -> int:
    async with owner_desk(options.config, options.executor) as desk:
        wallet = await owner_wallet(desk, options)
        if treasury in desk.account.settings.operators:
            raise ConfigError(
                f"--treasury: {treasury} is {desk.account.key('operator')}. A hot key must not receive what leaves the executor."
            )
        created = await carry_out(desk, wallet, [ownership.create_executor(wallet.address, treasury)], options)
        name = created[0] if created else await wallet.created_address(0)
        key = desk.account.key("address")
    return done(f'set {key} = "{name}" in {options.config}, then run `keeper executor allow`', options)


async def _allow(options: OwnerOptions, budget_usd: float | None, treasury: Address | None) -> int:
    async with owner_desk(options.config, options.executor) as desk:
        wallet = await owner_wallet(desk, options)
        standing = await _owned(desk, wallet)
        if budget_usd is None and standing.budget_x18 == 0:
            raise ConfigError("--budget-usd is missing: what plans of one day may lose or carry open together, for example 2000.")
        steps = await _venue_steps(desk, wallet, standing)
        budget_x18 = _x18(budget_usd) if budget_usd is not None else standing.budget_x18
        if treasury is not None and treasury != standing.treasury:
            steps.append(ownership.set_treasury(desk.executor, treasury))
        if budget_x18 != standing.budget_x18:
            steps.append(ownership.set_budget(desk.executor, budget_x18))
        missing = [operator for operator, allowed in standing.operators.items() if not allowed]
        steps += [ownership.set_operator(desk.executor, operator, allowed=True) for operator in missing]
        if not steps:
            return done("nothing to do: all of it is allowed already", options)
        await carry_out(desk, wallet, steps, options)
    return done("allowed; `keeper executor fund` gives it margin, `keeper executor status` says what is missing", options)


async def _venue_steps(desk: OwnerDesk, wallet: OwnerWallet, standing: Standing) -> list[Step]:
    steps: list[Step] = []
    for expected, venue in zip(desk.expected(), standing.venues, strict=True):
        valuer = venue.valuer
        if not venue.valuer_matches:
            valuer = await wallet.created_address(len(steps))
            steps.append(ownership.create_valuer(expected.venue, expected.valuer))
        if not (venue.valuer_matches and venue.rules_match):
            steps.append(ownership.set_venue(desk.executor, expected.venue, valuer, expected.rules))
    return steps


async def _fund(options: OwnerOptions, venue: str | None, margin_usd: float, gas: float) -> int:
    if margin_usd <= 0 and gas <= 0:
        raise ConfigError("nothing to send: name --margin USD, --gas AMOUNT, or both.")
    async with owner_desk(options.config, options.executor) as desk:
        wallet = await owner_wallet(desk, options)
        await _owned(desk, wallet)
        steps = await _margin_steps(desk, wallet, venue, margin_usd) if margin_usd > 0 else []
        if gas > 0:
            steps += [ownership.send_coin(operator, _x18(gas)) for operator in desk.operators]
        await carry_out(desk, wallet, steps, options)
    return done("funded; `keeper executor status` shows it", options)


async def _margin_steps(desk: OwnerDesk, wallet: OwnerWallet, venue: str | None, margin_usd: float) -> list[Step]:
    name, evaluator = _venue(desk, venue)
    if not evaluator.venue.capabilities.needs_capital:
        raise ConfigError(f"--margin {margin_usd:,.2f}: plans on {name} need no margin. Leave it out.")
    token = evaluator.venue.tokens(evaluator.book)[0]
    (holding,) = await desk.balances([token], wallet.address)
    if holding.amount_raw < _x18(margin_usd) // 10 ** (18 - holding.decimals):
        raise ConfigError(
            f"--margin {margin_usd:,.2f}: the owner {wallet.address} has {holding.text} ({token}). Send it some, or name less."
        )
    calls = evaluator.venue.pay_in(evaluator.book, desk.executor, Usd18(_x18(margin_usd)))
    amount = f"{margin_usd:,.2f} {holding.symbol}"
    effects = (f"the venue may take {amount} from the owner", f"{amount} are margin of {desk.executor}")
    return list(ownership.owner_calls(calls, effects))


async def _sweep(options: OwnerOptions, venue: str | None, margin_usd: float, token: Address | None) -> int:
    async with owner_desk(options.config, options.executor) as desk:
        wallet = await owner_wallet(desk, options)
        standing = await _owned(desk, wallet)
        name, evaluator = _venue(desk, venue)
        holdings = await desk.balances(evaluator.venue.tokens(evaluator.book), desk.executor)
        steps: list[Step] = []
        if margin_usd > 0:
            if not evaluator.venue.capabilities.needs_capital:
                raise ConfigError(f"--margin {margin_usd:,.2f}: the executor can have none on {name}. Leave it out.")
            calls = evaluator.venue.pay_out(evaluator.book, Usd18(_x18(margin_usd)))
            steps.append(ownership.recover(desk.executor, name, calls, f"{margin_usd:,.2f} USD of margin are in the executor's wallet"))
        steps += _sweeps(desk, standing, holdings, token, _x18(margin_usd))
        coin = await desk.coin_wei(desk.executor)
        if coin and token is None:
            steps.append(ownership.sweep(desk.executor, None, coin, standing.treasury, f"{to_units(coin)} coin"))
        if not steps:
            return done("nothing to sweep: the executor's wallet is empty (margin stays unless --margin names some)", options)
        await carry_out(desk, wallet, steps, options)
    return done(f"swept to {standing.treasury}", options)


def _sweeps(desk: OwnerDesk, standing: Standing, holdings: Sequence[Holding], token: Address | None, margin_x18: int) -> list[Step]:
    """Each token of the wallet; the settlement token, which is first, with the margin that was taken out before."""
    steps = []
    for index, one in enumerate(holdings):
        coming = margin_x18 // 10 ** (18 - one.decimals) if index == 0 else 0
        amount = one.amount_raw + coming
        if amount and token in (None, one.token):
            text = Holding(one.token, one.symbol, one.decimals, amount).text
            steps.append(ownership.sweep(desk.executor, one.token, amount, standing.treasury, text, follows=coming > 0))
    return steps


async def _revoke(options: OwnerOptions, operator: Address | None) -> int:
    async with owner_desk(options.config, options.executor) as desk:
        wallet = await owner_wallet(desk, options)
        await _owned(desk, wallet)
        operators = desk.operators if operator is None else (operator,)
        steps = [ownership.set_operator(desk.executor, each, allowed=False) for each in operators]
        await carry_out(desk, wallet, steps, options)
    return done("revoked: it can make no call any more, and nothing it did before gives anybody a right", options)


async def _status(config: Path, executor: str | None, as_json: bool) -> int:
    async with owner_desk(config, executor) as desk:
        standing = await desk.standing()
        gas_wei = {operator: await desk.coin_wei(operator) for operator in desk.operators}
        tokens = list(dict.fromkeys(token for one in desk.evaluators.values() for token in one.venue.tokens(one.book)))
        holdings = await desk.balances(tokens, desk.executor)
        others = [account for account in await desk.allowed() if account not in desk.operators]
        tip_wei = int(desk.scope.limits.priority_fee_gwei * _GWEI)
        price_wei = desk.head.base_fee_wei + tip_wei
        shortages = [gas_problem(operator, balance_wei, price_wei) for operator, balance_wei in gas_wei.items()]
        missing = [*problems(standing, desk.executor), *(shortage for shortage in shortages if shortage)]
    if as_json:
        Console().print_json(json.dumps(_plain_status(standing, others, gas_wei, holdings, missing)))
    else:
        table(f"executor {standing.executor}", _status_rows(standing, others, gas_wei, holdings))
        for problem in missing:
            Console().print(f"[bold red]missing[/] {problem}", highlight=False, soft_wrap=True)
        if not missing:
            Console().print("[bold green]ready[/]: the operator can act")
    return daemon.FAILED if missing else daemon.OK


def _status_rows(
    standing: Standing, others: Sequence[Address], gas_wei: Mapping[Address, int], holdings: Sequence[Holding]
) -> list[tuple[str, str]]:
    rows = [
        ("owner", standing.owner),
        ("treasury", standing.treasury),
        *(
            ("operator", f"{operator} {'may act' if allowed else 'may NOT act'}, {to_units(gas_wei[operator]):,.6f} coin for gas")
            for operator, allowed in standing.operators.items()
        ),
        *(("other operator", f"{other} may act too (`keeper executor revoke --operator`)") for other in others),
        ("loss budget per day", f"{to_units(standing.budget_x18):,.2f} USD"),
        ("lost today", f"{to_units(standing.spent_x18):,.2f} USD"),
        ("carried open", f"{to_units(standing.carried_x18):,.2f} USD"),
        ("budget left today", f"{to_units(standing.budget_left_x18):,.2f} USD"),
    ]
    for venue in standing.venues:
        rows.append((f"{venue.venue}: rules", "exactly what plans need" if venue.rules_match else "NOT what plans need"))
        rows.append((f"{venue.venue}: valuer", f"{venue.valuer} {'as expected' if venue.valuer_matches else 'NOT as expected'}"))
        if venue.needs_capital:
            margin = f"{to_units(venue.equity_x18):,.2f} USD, positions {to_units(venue.exposure_x18):,.2f} USD"
            rows.append((f"{venue.venue}: margin", margin))
    return rows + [("in its wallet", holding.text) for holding in holdings]


def _plain_status(
    standing: Standing, others: Sequence[Address], gas_wei: Mapping[Address, int], holdings: Sequence[Holding], missing: Sequence[str]
) -> dict[str, object]:
    operators = [
        {"address": operator, "allowed": allowed, "gas_wei": str(gas_wei[operator])} for operator, allowed in standing.operators.items()
    ]
    return {
        "executor": standing.executor,
        "owner": standing.owner,
        "treasury": standing.treasury,
        "operator": operators[0],
        "operators": operators,
        "other_operators": list(others),
        "budget_raw": {
            "per_day": str(standing.budget_x18),
            "lost_today": str(standing.spent_x18),
            "carried": str(standing.carried_x18),
            "left": str(standing.budget_left_x18),
        },
        "venues": [_plain_venue(venue) for venue in standing.venues],
        "wallet": [asdict(holding) | {"amount_raw": str(holding.amount_raw)} for holding in holdings],
        "missing": list(missing),
    }


def _plain_venue(venue: VenueStanding) -> dict[str, object]:
    return {
        "venue": venue.venue,
        "rules_match": venue.rules_match,
        "valuer": venue.valuer,
        "valuer_matches": venue.valuer_matches,
        "equity_raw": str(venue.equity_x18),
        "exposure_raw": str(venue.exposure_x18),
        "total_raw": str(venue.total_x18),
    }


async def _owned(desk: OwnerDesk, wallet: OwnerWallet) -> Standing:
    """The executor's standing. Raises ConfigError where it is somebody else's."""
    standing = await desk.standing()
    if standing.owner != wallet.address:
        raise ConfigError(f"--owner-key: {wallet.address} does not own {standing.executor}; its owner is {standing.owner}. Use that key.")
    return standing


def _venue(desk: OwnerDesk, name: str | None) -> tuple[str, Evaluator]:
    """The venue of that name, or the only one there is. Raises ConfigError."""
    configured = ", ".join(desk.evaluators)
    if name is None and len(desk.evaluators) > 1:
        raise ConfigError(f"--venue is missing: name one of {configured}.")
    venue = name or configured
    if venue not in desk.evaluators:
        raise ConfigError(f"--venue {name}: not configured. Configured: {configured}.")
    return venue, desk.evaluators[venue]


def _x18(amount: float) -> int:
    """USD or coin as typed, to its 18 decimals."""
    return round(amount * 10**6) * (X18 // 10**6)


def _address(text: str, option: str) -> Address:
    try:
        return parse.address(text)
    except ValueError:
        raise ConfigError(f"{option}: {text!r} is not an address. Write 0x and 40 hex digits.") from None
