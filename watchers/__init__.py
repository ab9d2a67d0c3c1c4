"""What is watched, how it is watched, and what each kind of object says about lineage."""
