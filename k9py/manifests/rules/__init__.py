"""What the API server asks of objects beyond their schema, kind by kind."""
