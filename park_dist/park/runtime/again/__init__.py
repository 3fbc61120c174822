"""A process that has several jobs, one after the other.

reuse  what is given back before the next one, and after what there is no next one
"""
