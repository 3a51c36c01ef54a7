"""Perpetual Protocol V2 ("Curie"): cross-margined accounts on Uniswap V3 pools of virtual tokens. See README.md beside this file."""
