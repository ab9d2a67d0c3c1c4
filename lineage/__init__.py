"""The core of kfp-lineage: what a lineage is, the parts that keep it, and the faces that show it.

`ARCHITECTURE.md` draws the layers; `import-linter` holds them.
"""
