"""What there is: entries, architectures, recipes, datasets, metrics, and the catalog of them all.

No torch and no files: `genzoo list` and `genzoo info` read these records alone.
It imports nothing of genzoo but errors.
"""
