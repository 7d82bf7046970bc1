"""Traders: what a user wants asked of the market, and when."""
