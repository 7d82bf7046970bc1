"""The processes that run filters: a nursery that is made ready once, and the workers forked from it.

They hold no secret, load no driver of database or exchange, and see the market read-only in shared memory.
"""
