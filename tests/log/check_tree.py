#!/usr/bin/env python3
"""Checks an exported audit log with code that is not Reeve's.

    check_tree.py DIR [--entry N]

DIR holds `checkpoint`, `tile/...` and `verifier.key`. The signature and the inclusion proofs are checked by
tlog-scales; the root over all entries is computed by pymerkle and compared with the signed one; every hash tile is
compared with what lies below it. Says "ok" and exits 0, or names the file or the entry at fault and exits 1.
"""

import argparse
import sys
from pathlib import Path

from pymerkle import InmemoryTree
from pymerkle.hasher import MerkleHasher
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash, level_entries, tile_path
from tlog_scales.tlog import Checkpoint, InclusionProofInvalid

TILE_WIDTH = 256
HASH_BYTES = 32
ENTRIES = -1  # the "level" of the bundles in tlog-scales


class Refused(Exception):
    """The log is not what was signed."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks an exported audit log with code that is not Reeve's.")
    parser.add_argument("dir", type=Path)
    parser.add_argument("--entry", type=int, metavar="N", help="prove that entry N, from 0, is in the log")
    args = parser.parse_args()
    try:
        print(f"ok: {check(args.dir, args.entry)}")
        return 0
    except Refused as fault:
        print(f"REFUSED: {fault}", file=sys.stderr)
        return 1


def check(folder: Path, entry: int | None) -> str:
    checkpoint = read_checkpoint(folder)
    if entry is not None and not 0 <= entry < checkpoint.size:
        raise Refused(f"there is no entry {entry}: the log has {checkpoint.size}")
    leaves, root = read_entries(folder, checkpoint.size)
    is_signed = root == checkpoint.root_hash
    check_tiles(folder, leaves, is_signed)
    if not is_signed:
        raise Refused(f"checkpoint: it signs the root {checkpoint.root_hash.hex()}, and the entries have {root.hex()}")
    proven = prove(folder, checkpoint, [entry] if entry is not None else spread(checkpoint.size))
    return f"{checkpoint.origin}, {checkpoint.size} entries, root {root.hex()}, proven: {proven}"


def read_checkpoint(folder: Path) -> Checkpoint:
    """The head, its signature checked by tlog-scales."""
    try:
        key = Vkey.from_string(read(folder, ["verifier.key"]).decode().removesuffix("\n"))
        named = Vkey(key.name, None, key.sig_type, key.pubkey).key_id == key.key_id
    except (ValueError, IndexError) as fault:
        raise Refused(f"verifier.key: {fault}") from fault
    if not named:
        raise Refused("verifier.key: its hash does not belong to its name and key")
    raw = read(folder, ["checkpoint"])
    try:
        checkpoint = Checkpoint.from_text(raw.decode())
        checkpoint.verify(key)
    except Exception as fault:  # tlog-scales lets through what its parts raise
        raise Refused(f"checkpoint: {type(fault).__name__} {fault}") from fault
    if checkpoint.origin != key.name:
        raise Refused(f"checkpoint: it is of the log {checkpoint.origin!r}, and the key of {key.name!r}")
    # tlog-scales verifies what it understood, which may have been written in more than one way.
    if checkpoint.serialize().encode() != raw:
        raise Refused("checkpoint: it is not written the way it was signed")
    return checkpoint


def read_entries(folder: Path, size: int) -> tuple[list[bytes], bytes]:
    """The hashes of all entries, and the root over them, which pymerkle computes."""
    tree = InmemoryTree(algorithm="sha256")
    leaves: list[bytes] = []
    for index, width in row(size):
        path = tile_path(ENTRIES, index, width % TILE_WIDTH)
        entries = split(read(folder, path), "/".join(path), width)
        for entry in entries:
            tree.append_entry(entry)
            leaves.append(leaf_hash(entry))
    return leaves, tree.get_root()


def split(bundle: bytes, name: str, width: int) -> list[bytes]:
    """Cuts a bundle into its entries: two bytes of length, then the entry."""
    entries, at = [], 0
    while at < len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if end > len(bundle) or at + 2 > len(bundle):
            raise Refused(f"{name}: it breaks off within its entry {len(entries)}")
        entries.append(bundle[at + 2 : end])
        at = end
    if len(entries) != width:
        raise Refused(f"{name}: it has {len(entries)} entries in place of {width}")
    return entries


def check_tiles(folder: Path, leaves: list[bytes], entries_are_signed: bool) -> None:
    """Compares every hash tile with what lies below it."""
    hasher = MerkleHasher("sha256")
    level, hashes, size = 0, leaves, len(leaves)
    while hashes:
        for index, width in row(len(hashes)):
            expected = hashes[index * TILE_WIDTH :][:width]
            path = tile_path(level, index, width % TILE_WIDTH)
            stored = read(folder, path)
            if stored != b"".join(expected):
                position = first_difference(stored, expected)
                at = (index * TILE_WIDTH + position) * TILE_WIDTH**level
                if entries_are_signed or level > 0:
                    raise Refused(f"{'/'.join(path)}: its hash {position}, of entry {at} on, is wrong")
                bundle = "/".join(tile_path(ENTRIES, index, width % TILE_WIDTH))
                raise Refused(f"entry {at} in {bundle}: it is not the one that was signed")
        level += 1
        full = len(hashes) // TILE_WIDTH
        hashes = [fold(hasher, hashes[i * TILE_WIDTH : (i + 1) * TILE_WIDTH]) for i in range(full)]
        assert len(hashes) == level_entries(size, level)


def first_difference(stored: bytes, expected: list[bytes]) -> int:
    for position, digest in enumerate(expected):
        if stored[position * HASH_BYTES :][:HASH_BYTES] != digest:
            return position
    return len(expected)


def fold(hasher: MerkleHasher, hashes: list[bytes]) -> bytes:
    """The root of a full tile."""
    while len(hashes) > 1:
        hashes = [hasher.hash_pair(left, right) for left, right in zip(hashes[::2], hashes[1::2])]
    return hashes[0]


def spread(size: int) -> list[int]:
    return sorted({0, size // 2, size - 1}) if size else []


def prove(folder: Path, checkpoint: Checkpoint, entries: list[int]) -> str:
    """Proves entries from the tiles alone, the way somebody would who does not read the whole log."""
    reader = TilesReader(LocalBackend(folder))
    reader.set_size(checkpoint.size)
    for entry in entries:
        try:
            proof = reader.get_inclusion_proof(entry, checkpoint.size)
            proof.check(leaf_hash(reader.get_entry(entry)), checkpoint.root_hash)
        except (InclusionProofInvalid, RuntimeError) as fault:
            raise Refused(f"entry {entry}: {fault}") from fault
    return ", ".join(f"entry {entry}" for entry in entries) or "nothing, it is empty"


def row(count: int):
    """The tiles that hold so many hashes or entries: their numbers and widths."""
    for index in range(-(-count // TILE_WIDTH)):
        yield index, min(TILE_WIDTH, count - index * TILE_WIDTH)


def read(folder: Path, path: list[str]) -> bytes:
    try:
        return folder.joinpath(*path).read_bytes()
    except OSError as fault:
        raise Refused(f"{'/'.join(path)}: {fault.strerror}") from fault


if __name__ == "__main__":
    sys.exit(main())
