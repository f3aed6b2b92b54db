"""Figures and pages of models and their training."""
