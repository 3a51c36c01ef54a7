"""Price services: signed prices from outside the chain, checked before anybody sees them.

`price_services` opens what the settings name; `pyth` is the port; `hermes` asks one service; `update_reader` checks what it sends, through
`accumulator`, `vaa`, `guardian_set` and `price_message`."""
