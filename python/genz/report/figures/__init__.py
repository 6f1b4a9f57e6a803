"""Geometry of the figures: numbers become positions here and nowhere else; templates draw them."""
