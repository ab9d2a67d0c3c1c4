"""Pictures of graphs: laid out in columns from left to right, and written as SVG. Pure: values in, text out.

picture.py     what is drawn
provenance.py  a picture of an answer to `lineage`
layers.py      which column each node stands in
crossings.py   in which order
heights.py     how high
layout.py      all of it together, and how links run
words.py       texts that fit, and harm nothing
svg.py         a picture as SVG
dot.py         as text for Graphviz
mermaid.py     as text for Mermaid
"""
