"""The main job from end to end: a devnet, a cascade, the keeper as its own process, a referee who asks the contracts, and a summary."""
