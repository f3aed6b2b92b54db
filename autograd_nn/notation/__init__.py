"""How an op is written: symbols, their text, LaTeX and C, and the files that are generated from the op table."""
