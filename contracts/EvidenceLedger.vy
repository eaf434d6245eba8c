# pragma version 0.4.3
# pragma evm-version london
"""
@title EvidenceLedger
@license Apache-2.0
@notice Append-only logs, enforced by the chain.
@dev Owns, for every log, the size and root of its latest checkpoint and the head of every stream
     that has more than its first entry. A log grows only with an RFC 9162 section 2.1.4.2
     consistency proof, so that history cannot be rewritten. Leaves what an entry is, and every
     digest but tree nodes and head commitments, to its users: log, stream and leaf are opaque words.
"""

struct Checkpoint:
    size: uint64
    root: bytes32

# The last entry of a stream before and after an extension.
# previous_sequence and previous_leaf are zero if the stream has no head yet.
struct Head:
    stream: bytes32
    previous_sequence: uint64
    previous_leaf: bytes32
    sequence: uint64
    leaf: bytes32

event Extended:
    log_id: indexed(bytes32)
    previous_size: uint64
    size: uint64
    root: bytes32
    sequencer: address

event HeadMoved:
    log_id: indexed(bytes32)
    stream: indexed(bytes32)
    sequence: uint64
    leaf: bytes32

event AdministratorAdded:
    account: indexed(address)
    by: address

event AdministratorRemoved:
    account: indexed(address)
    by: address

event SequencerAdded:
    log_id: indexed(bytes32)
    account: indexed(address)
    by: address

event SequencerRemoved:
    log_id: indexed(bytes32)
    account: indexed(address)
    by: address

# A proof has at most ceil(log2(size)) + 1 nodes, so 64 are enough for 2**63 leaves.
MAX_PROOF: constant(uint256) = 64
# More heads than this go into further extensions; it bounds the gas of one.
MAX_HEADS: constant(uint256) = 64

administrator_count: uint256
administrators: HashMap[address, bool]
sequencers: HashMap[bytes32, HashMap[address, bool]]
logs: HashMap[bytes32, Checkpoint]
# keccak256(sequence as a 32-byte word ++ leaf); zero: no head. One slot, so that one storage proof
# shows the last entry of a stream, or shows that nothing followed its first.
heads: HashMap[bytes32, HashMap[bytes32, bytes32]]


@deploy
def __init__():
    self.administrators[msg.sender] = True
    self.administrator_count = 1
    log AdministratorAdded(account=msg.sender, by=msg.sender)


# Roles


@external
def add_administrator(account: address):
    self._require_administrator()
    assert account != empty(address), "no account"
    assert not self.administrators[account], "already an administrator"
    self.administrators[account] = True
    self.administrator_count += 1
    log AdministratorAdded(account=account, by=msg.sender)


@external
def remove_administrator(account: address):
    self._require_administrator()
    assert self.administrators[account], "no such administrator"
    assert self.administrator_count > 1, "last administrator"
    self.administrators[account] = False
    self.administrator_count -= 1
    log AdministratorRemoved(account=account, by=msg.sender)


@external
def add_sequencer(log_id: bytes32, account: address):
    self._require_administrator()
    assert account != empty(address), "no account"
    assert not self.sequencers[log_id][account], "already a sequencer"
    self.sequencers[log_id][account] = True
    log SequencerAdded(log_id=log_id, account=account, by=msg.sender)


@external
def remove_sequencer(log_id: bytes32, account: address):
    self._require_administrator()
    assert self.sequencers[log_id][account], "no such sequencer"
    self.sequencers[log_id][account] = False
    log SequencerRemoved(log_id=log_id, account=account, by=msg.sender)


@external
@view
def is_administrator(account: address) -> bool:
    return self.administrators[account]


@external
@view
def is_sequencer(log_id: bytes32, account: address) -> bool:
    return self.sequencers[log_id][account]


@internal
@view
def _require_administrator():
    assert self.administrators[msg.sender], "not an administrator"


# The logs


@external
@view
def log_state(log_id: bytes32) -> (uint64, bytes32):
    state: Checkpoint = self.logs[log_id]
    return state.size, state.root


@external
@view
def head_of(log_id: bytes32, stream: bytes32) -> bytes32:
    return self.heads[log_id][stream]


@external
def extend(
    log_id: bytes32,
    previous_size: uint64,
    size: uint64,
    root: bytes32,
    consistency: DynArray[bytes32, MAX_PROOF],
    heads: DynArray[Head, MAX_HEADS],
):
    assert self.sequencers[log_id][msg.sender], "not a sequencer"
    previous: Checkpoint = self.logs[log_id]
    assert previous_size == previous.size, "stale"
    assert size >= previous_size, "shrinking"
    assert size != previous_size, "nothing new"
    if previous_size == 0:
        assert len(consistency) == 0, "inconsistent"
    else:
        self._require_consistent(previous, size, root, consistency)
    self.logs[log_id] = Checkpoint(size=size, root=root)
    log Extended(
        log_id=log_id, previous_size=previous_size, size=size, root=root, sequencer=msg.sender
    )
    for head: Head in heads:
        self._move_head(log_id, head)


@internal
def _move_head(log_id: bytes32, head: Head):
    stored: bytes32 = self.heads[log_id][head.stream]
    if stored == empty(bytes32):
        assert head.previous_sequence == 0, "head mismatch"
        assert head.previous_leaf == empty(bytes32), "head mismatch"
    else:
        claimed: bytes32 = self._head_commitment(head.previous_sequence, head.previous_leaf)
        assert claimed == stored, "head mismatch"
    # A head never has sequence 0: that is the first entry, which no head records.
    assert head.sequence > head.previous_sequence, "head not newer"
    assert head.leaf != empty(bytes32), "head without leaf"
    self.heads[log_id][head.stream] = self._head_commitment(head.sequence, head.leaf)
    log HeadMoved(log_id=log_id, stream=head.stream, sequence=head.sequence, leaf=head.leaf)


@internal
@pure
def _head_commitment(sequence: uint64, leaf: bytes32) -> bytes32:
    return keccak256(concat(convert(sequence, bytes32), leaf))


@internal
@view
def _require_consistent(
    previous: Checkpoint, size: uint64, root: bytes32, path: DynArray[bytes32, MAX_PROOF]
):
    # RFC 9162 section 2.1.4.2, with its names: fn and sn walk up from the last leaf of the first
    # and of the second tree, fr and sr are the roots computed so far.
    # 1. An empty path proves nothing.
    assert len(path) > 0, "inconsistent"
    # 3. Start at the last leaves.
    fn: uint256 = convert(previous.size, uint256) - 1
    sn: uint256 = convert(size, uint256) - 1
    # 4. Skip the subtrees that are complete in the first tree.
    for _: uint256 in range(64):
        if fn & 1 == 0:
            break
        fn >>= 1
        sn >>= 1
    # 2 and 5. The first node is the largest of them; if that is the whole first tree, its root is
    # known and left out of the path.
    whole: bool = fn == 0
    fr: bytes32 = previous.root if whole else path[0]
    sr: bytes32 = fr
    # 6. Climb. A node on the left belongs to both trees, one on the right to the second only.
    skip_first: bool = not whole
    for node: bytes32 in path:
        if skip_first:
            skip_first = False
            continue
        assert sn != 0, "inconsistent"
        if fn & 1 == 1 or fn == sn:
            fr = sha256(concat(b"\x01", node, fr))
            sr = sha256(concat(b"\x01", node, sr))
            for _: uint256 in range(64):
                if fn & 1 == 1 or fn == 0:
                    break
                fn >>= 1
                sn >>= 1
        else:
            sr = sha256(concat(b"\x01", sr, node))
        fn >>= 1
        sn >>= 1
    # 7. Both trees are rebuilt, and the path ends exactly at the root.
    assert sn == 0 and fr == previous.root and sr == root, "inconsistent"
