"""What jobs compile for themselves and keep, beyond the bytecode that environments come with.

shared_code  where numba keeps its own: also for other environments with the same packages
"""
