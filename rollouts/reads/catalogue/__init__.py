"""Catalogue: hub models, the Central Products List and firmware images."""
