"""Charts as SVG: drawn here, without a script, readable without colours and at any width.

Places across are percentages and places down are pixels, so that a chart is as wide as the page and its text keeps its
size. Every chart has a title and a description; a table with the same figures belongs beside it.
"""
