"""The report as one page that a browser opens: template, style and script lie beside the modules that feed them."""
