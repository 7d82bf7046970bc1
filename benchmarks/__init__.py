"""Measurements of this product, each suite a module with `run(options) -> rows`; `engine bench` runs them."""
