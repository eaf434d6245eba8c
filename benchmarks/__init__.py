"""Measurements of the whole service and of its limits, run by ``./run bench``."""
