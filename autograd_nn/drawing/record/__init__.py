"""The Trace: what renderers are told of a graph."""
