"""The log: its identity, its entries in order, its tiles and its signed checkpoints."""
