"""Cascade analytics over the lake. Imports nothing of the keeper: the lake's schema is the contract."""
