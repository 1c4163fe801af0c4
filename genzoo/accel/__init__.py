"""What makes nets fast, and all that knows of processors, GPUs, memory and several processes.

Each piece can be left out, and the results are the same but for rounding.
It may import zoo and errors.
"""
