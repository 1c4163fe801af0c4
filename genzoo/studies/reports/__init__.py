"""The five reports as records: their figures, tables and claims, each with what answers it."""
