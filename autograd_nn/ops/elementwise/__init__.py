"""Ops that work on each element by itself, and so on single numbers too."""
