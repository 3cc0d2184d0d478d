"""The generator: kinds and their schemas, validation, forms, rendering, bundles. Importing it loads no client."""
