"""Ops on arrays: along axes, of shapes, elements and windows, and Fourier transforms."""
