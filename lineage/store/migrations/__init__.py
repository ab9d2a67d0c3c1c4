"""Every step that the schema has taken. `lineage migrate` takes them."""
