"""Series of resource use and the collectors that fill them."""

HISTORY = 40
"""Samples kept per series: ten minutes at the default interval."""
