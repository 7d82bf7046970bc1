"""Tests by kind: unit, contract, component, simulation, process, chaos, architecture; and the naive twins."""
