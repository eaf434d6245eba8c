"""Operations: what the notary says of itself to operators, verifiers and other programs."""
