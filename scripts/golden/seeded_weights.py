"""
Numbers from names, so that weights need not be committed: the tests make the same ones (packages/backbones/src/fixtures/seeded-weights.ts).
"""

import numpy as np


def seeded_uniform(name: str, count: int) -> np.ndarray:
    """`count` numbers in [0, 1): a hash (32-bit FNV-1a, then MurmurHash3's last steps) of the name and of each index."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + seed) & 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    x = x ^ (x >> 16)
    return x.astype(np.float64) / 2**32


def seeded_weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A weight of a sensible size: by He's rule for what multiplies, near 1 for factors and variances, near 0 for offsets."""
    u = seeded_uniform(name, int(np.prod(shape)))
    if name.endswith("running_var"):
        value = 0.5 + u
    elif len(shape) > 1:
        value = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("weight"):
        value = 0.75 + 0.5 * u
    else:
        value = 0.4 * (u - 0.5)
    return value.astype(np.float32).reshape(shape)
