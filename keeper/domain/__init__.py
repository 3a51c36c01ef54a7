"""The pure core: no I/O, no clock, no randomness, no logging. Same input, same output, for ever."""
