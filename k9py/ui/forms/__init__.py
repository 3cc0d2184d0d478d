"""Forms: making and changing objects field by field, beside their YAML."""
