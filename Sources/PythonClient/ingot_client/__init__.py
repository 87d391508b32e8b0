"""Ingot in notebooks: the features of a project's views for rows of one's own."""

from ingot_client.features import IngotError, get_features

__all__ = ["IngotError", "get_features"]
