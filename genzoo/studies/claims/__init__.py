"""The kinds of claim that reports make, and how the verdict on each follows from results.

A kind says in words how it judges, and which settings' runs it goes by; it was fixed before most of these were made.
"""
