"""Bundles: everything about one deposit that a stranger needs, checked before it is handed out."""
