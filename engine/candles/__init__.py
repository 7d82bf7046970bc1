"""Klines in shared memory: one writer, any number of read-only readers, never a torn bar."""
