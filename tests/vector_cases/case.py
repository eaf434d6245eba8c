"""A case of the format: material, and why it stands among the vectors.

Owns the shape of a case and the ways to change one part of an honest bundle. Leaves the cases to
the other modules of this folder, one for each part of a bundle, and files to
`scripts/make_vectors.py`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from evidence.bundle import Bundle, BundleAnchor, encode_bundle
from evidence.canonical import encode_canonical
from evidence.entry import Mode
from tests.world import World
from verifier.trust import LogKey, TrustedSigner, TrustRoot

CONTENT = b"the exhibit\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a verifier is given, under a name that says what it must find."""

    name: str
    """Ends in _fail or _indeterminate where the report is not PASSED."""
    why: str
    """One or two sentences for the README of the vector."""
    bundle: bytes
    trust: TrustRoot
    exhibit: bytes | None = CONTENT
    now: datetime | None = None


def case(
    name: str,
    why: str,
    world: World,
    bundle: Bundle,
    *,
    trust: TrustRoot | None = None,
    exhibit: bytes | None = CONTENT,
    now: datetime | None = None,
) -> Case:
    """Return the case of a well-formed bundle; believing its world where no trust is given."""
    return Case(
        name=name,
        why=why,
        bundle=encode_bundle(bundle),
        trust=trust or world.trust_root(),
        exhibit=exhibit,
        now=now,
    )


def one_entry(*, validators: int = 1) -> tuple[World, str]:
    """Return a world with a deposited and anchored file among others, and its stream."""
    world = World(validators=validators)
    world.fill(2)
    stream = world.deposit(CONTENT)
    world.fill(1)
    world.anchor()
    return world, stream


def two_entries(*, validators: int = 4) -> tuple[World, str]:
    """Return a world where digests and later their original were deposited, and the stream.

    Each entry has an anchor of its own, and one more block was sealed after them.
    """
    world = World(validators=validators)
    world.fill(1)
    stream = world.deposit(CONTENT, mode=Mode.DIGESTS)
    world.fill(3)
    world.anchor()
    world.advance(60)
    world.add_original(stream, CONTENT)
    world.fill(3)
    world.anchor()
    world.consortium.mine(world.now)
    return world, stream


def with_entry(bundle: Bundle, n: int, **changes: Any) -> Bundle:
    """Return `bundle` with other fields in its entry `n`."""
    entries = list(bundle.entries)
    entries[n] = replace(entries[n], **changes)
    return replace(bundle, entries=tuple(entries))


def with_anchor(bundle: Bundle, n: int, **changes: Any) -> Bundle:
    """Return `bundle` with other fields in its anchor `n`."""
    anchors = list(bundle.anchors)
    anchors[n] = replace(anchors[n], **changes)
    return replace(bundle, anchors=tuple(anchors))


def with_proof(bundle: Bundle, n: int, **changes: Any) -> Bundle:
    """Return `bundle` with other fields in the anchor proof of its anchor `n`."""
    return with_anchor(bundle, n, proof=replace(proof_of(bundle.anchors[n]), **changes))


def proof_of(anchor: BundleAnchor) -> Any:
    """Return the proof of an anchor that has one."""
    assert anchor.proof is not None
    return anchor.proof


def with_log_key(trust: TrustRoot, **changes: Any) -> TrustRoot:
    """Return `trust` with other fields in the key of its log."""
    key: LogKey = replace(trust.logs[0], **changes)
    return replace(trust, logs=(key,))


def with_signers(trust: TrustRoot, **changes: Any) -> TrustRoot:
    """Return `trust` with other fields in each of its signers."""
    signers: list[TrustedSigner] = [replace(signer, **changes) for signer in trust.signers]
    return replace(trust, signers=tuple(signers))


def edited(bundle: Bundle, edit: Callable[[Any], None]) -> bytes:
    """Return the canonical JSON of `bundle` after `edit` changed its members."""
    members = json.loads(encode_bundle(bundle))
    edit(members)
    return encode_canonical(members)
