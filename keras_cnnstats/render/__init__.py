"""Renderings of reports and comparisons: text, tables, stored files, pages and plots. None imports Keras."""

SCHEMA_VERSION = 1
"""Version of what is stored: the JSON's structure and the columns of the DataFrame and the CSV."""
