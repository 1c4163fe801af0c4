"""Pixels and what is made of them: ranges, grids, picture files and arrays.

It alone knows that pixels lie in [0, 1], and how files hold them.
It may import checkpoint's atomic writes, and what lies below.
"""
