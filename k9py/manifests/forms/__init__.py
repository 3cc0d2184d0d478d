"""Forms as data: which fields a kind has for people, and the model that holds their values."""
