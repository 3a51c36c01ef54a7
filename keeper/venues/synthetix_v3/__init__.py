"""Synthetix Perps V3: see README.md."""
