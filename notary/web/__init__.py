"""The pages of the notary: deposit a file or its digests, follow a deposit, take its bundle."""
