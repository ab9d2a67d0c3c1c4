"""Reports as documents that need nothing else: answers in, text out. Pure.

document.py    what a report says, whatever it is written as
provenance.py  of where something came from, and what came of it
difference.py  of what differs between two runs
audit.py       of what is evident of a run, and what that proves
trends.py      of how metrics move
trend_words.py what is said of a metric and of a shift, in words
html.py        a report as one page of HTML
markdown.py    and as Markdown, as GitHub reads it
style.py       how the page looks
times.py       times, durations and sizes in words
"""
