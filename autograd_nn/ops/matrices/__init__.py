"""Ops on matrices: products, inverses, decompositions, norms."""
