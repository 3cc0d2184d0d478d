"""The client layer: from the wire to a store of rows."""
