"""Trace to DOT, SVG, PNG, PDF, Mermaid, TikZ and text."""
