"""The adapter of one EVM chain. `chain` puts the parts together; read downwards, each file uses only those before it:

- one endpoint: `redaction`, `refusals`, `clock`, `incident`, `budget`, `batch_size`, `rpc`, `inflater`, `http`
- several endpoints as one: `rlp`, `header`, `retry`, `latencies`, `score`, `member`, `query`, `ranking`, `client`, `hedge`, `health_check`,
  `exploration`, `pool`, `background`
- what a block holds, proven: `trie`, `bloom`, `log`, `receipts`, `proof`, `ranges`
- the chain as a stream of values: `heads`, `segment`, `standstill`, `fetch`, `dispute`, `follower`, and its history: `backfill`
- calls: `multicall`, `market_tip`, `reads` (pinned to a block), `raw` (any method)"""
