"""Where other programs enter: the demo of the command line, and the plugins of pytest and hypothesis."""
