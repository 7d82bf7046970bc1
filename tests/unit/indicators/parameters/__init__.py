"""Sets of parameters that each indicator is tried with, a module for each module of the catalog."""
