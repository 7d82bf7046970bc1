"""Who does what: a pure brain that hands evaluations to workers, and the glue that carries out what it says."""
