"""Every random number of a run comes from the study's seed and a stated purpose.

`derive(seed, "initial", trial)` and `derive(seed, "shuffle", tick)` are unrelated streams, the same on every machine
and in every process, and asking for one never moves another: nothing random has a hidden current state.
"""

import hashlib


def derive(seed: int, purpose: str, *numbers: int) -> int:
    """A seed of 63 bits for one purpose, by BLAKE2b over the text of all arguments."""
    text = " ".join([str(seed), purpose, *map(str, numbers)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
