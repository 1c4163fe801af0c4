"""The zoo's records: entries, architectures, recipes, datasets, metrics, and the catalog of them all.

No torch and no files: `genzoo list` and `genzoo info` read these records alone.
It imports nothing of genzoo but errors.
"""

import genzoo.zoo.catalog  # noqa: F401  # the zoo's own records are registered before any is asked for
