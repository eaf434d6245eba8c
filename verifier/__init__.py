"""Decides: reads a bundle, a trust root and perhaps the exhibit, and reports what they show.

`verify`, `checks`, `trust` and `report` are pure: bytes and values in, a report out; no socket,
file, clock, randomness, environment or database. Nothing in the bundle is believed; what is
believed stands in the trust root, which comes from elsewhere. Never imports `notary`. The command
line, the web service and the words shown to people stand in modules of their own above that core.
"""
