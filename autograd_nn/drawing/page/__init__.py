"""The page: a graph to be stepped through, in one HTML file."""

from .page import Page, page_of

__all__ = ["Page", "page_of"]
