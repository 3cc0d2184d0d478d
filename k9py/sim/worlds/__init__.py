"""Seeded clusters described as data."""
