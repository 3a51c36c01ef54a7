"""Price services: signed prices from outside the chain, checked before anybody sees them.

`pyth` is the port, set up by `pyth_options`; `hermes` asks one service; `update_reader` checks what it sends, through `accumulator`,
`vaa`, `guardian_set` and `price_message`."""
