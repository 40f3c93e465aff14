"""The report as one HTML file: no script, no request, readable on a phone and printable on A4."""
