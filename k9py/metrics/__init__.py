"""Series of resource use and the collectors that fill them."""
