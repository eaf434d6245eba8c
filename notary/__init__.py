"""The notary: takes deposits, keeps the log, anchors it and hands out bundles.

One package per capability; inside each, `model` decides, `service` acts, `store` holds its SQL,
`routes` speaks HTTP. The notary may import everything below it and nothing may import the notary.
"""
