"""Renderings of a comparison: text, DataFrame, Markdown, an HTML page, notebooks and plots."""
