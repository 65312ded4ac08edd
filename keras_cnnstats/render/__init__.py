"""Renderings of a report: text, DataFrame, JSON, CSV, Markdown, LaTeX and a notebook's HTML. None imports Keras."""

SCHEMA_VERSION = 1
"""Version of what is stored: the JSON's structure and the columns of the DataFrame and the CSV."""
