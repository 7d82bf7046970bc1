"""Processes: the nursery, the workers it forks, how they die, and how many there should be."""
