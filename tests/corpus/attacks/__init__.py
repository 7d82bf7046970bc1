"""Attacks, a file for each class."""
