"""Estimators of spec M0-M27: pure functions over NumPy arrays that return frozen results. No I/O, no clock, no lake.

Every number leaves here as a `Figure`: value, unit, n, window, quality, coverage, caveat and definition travel together."""
