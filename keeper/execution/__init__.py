"""Simulates, signs, sends and tracks transactions."""
