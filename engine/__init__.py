"""Execution core for people who trade crypto by rules."""
