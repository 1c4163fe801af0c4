"""The studies of the five reports, a file for those that belong together."""
