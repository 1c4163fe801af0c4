"""Speed: faster layers and steps, and all that depends on processors, GPUs, memory and several processes.

Each piece can be left out, and the results are the same but for rounding.
It may import zoo and errors.
"""
