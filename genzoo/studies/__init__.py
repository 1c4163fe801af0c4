"""Studies: grids of runs that answer what a report compared, trained alike, with three seeds and a verdict.

Their records, results and verdicts cost no torch; what trains and measures does.
It may import train, evaluate, and what lies below.
"""
