"""The page: a graph to be stepped through, in one HTML file."""

from .page import LARGEST, Page, page_of

__all__ = ["LARGEST", "Page", "page_of"]
