"""Pictures of graphs, laid out in columns from left to right, and charts of values over time. Values in, text out.

picture.py     what is drawn of a graph
provenance.py  a picture of an answer to `lineage`
layers.py      which column each node stands in
crossings.py   in which order
heights.py     how high
layout.py      all of it together, and how links run
words.py       texts that fit, and harm nothing
svg.py         a picture as SVG
dot.py         as text for Graphviz
mermaid.py     as text for Mermaid

chart.py       what is drawn of values over time
trend.py       a chart of an answer to `metricTrend`
thinning.py    which of many points
axes.py        axes with round ticks
numbers.py     numbers in few letters
chart_svg.py   a chart as SVG
text_chart.py  and in characters
sparkline.py   a series in one word
"""
