"""Signals: what counts as a new one, what identifies it, and the local spool that keeps it until Postgres has it."""
