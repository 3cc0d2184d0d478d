"""Benchmarks: ``python -m tests.bench [names…]`` prints every budget of the design with what was measured."""
