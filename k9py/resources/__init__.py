"""What each kind is: projection, columns, health, relations, actions. Pure."""
