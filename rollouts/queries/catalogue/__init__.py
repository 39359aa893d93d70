"""Catalogue: device models, the Central Products List and firmware images."""
