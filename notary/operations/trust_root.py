"""The trust root of a notary on the embedded chain: what a verifier of its bundles starts from.

Owns naming our own keys, validator and demo authority in it. It is a sandbox: all of them are one
party's, and every report made with it says so.
"""

from notary.anchoring.ledger import Ledger
from notary.keys import NotaryKeys
from notary.log.identity import LogIdentity
from verifier.trust import (
    Assurance,
    LedgerTrust,
    LogKey,
    OperatorClass,
    TimestampRoot,
    TrustedSigner,
    TrustRoot,
    Validator,
    ValidatorSet,
)

_OPERATOR = "this notary (sandbox)"


def sandbox_trust_root(
    *,
    name: str,
    identity: LogIdentity,
    keys: NotaryKeys,
    ledger: Ledger,
    authority_name: str,
    authority_root: bytes,
) -> TrustRoot:
    """Return the trust root under which this notary's bundles verify.

    `authority_root` is the DER root certificate of the timestamp authority.
    """
    return TrustRoot(
        name=name,
        assurance=Assurance.SANDBOX,
        logs=(
            LogKey(
                origin=identity.origin,
                public_key=keys.checkpoints.public_key,
                not_before=identity.created_at,
                not_after=None,
            ),
        ),
        signers=(
            TrustedSigner(
                public_key=keys.entries.public_key,
                name=f"notary of {identity.origin}",
                not_before=identity.created_at,
                not_after=None,
            ),
        ),
        ledger=LedgerTrust(
            chain_id=ledger.chain_id,
            contract=ledger.contract,
            validator_sets=(
                ValidatorSet(
                    from_block=0,
                    to_block=None,
                    validators=tuple(
                        Validator(address=address, operator=_OPERATOR, category=OperatorClass.OTHER)
                        for address in sorted(ledger.validators)
                    ),
                ),
            ),
        ),
        timestamp_authorities=(TimestampRoot(name=authority_name, certificate=authority_root),),
    )
