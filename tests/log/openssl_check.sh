#!/usr/bin/env bash
# Checks the signature of an exported audit log's checkpoint with nothing but openssl and the shell:
# `openssl_check.sh DIR`, where DIR holds `checkpoint` and `verifier.key`. Exits 0, or says why not and exits 1.
# It proves who signed the root, not that the entries have it: that is check_tree.py's part.
set -euo pipefail
export LC_ALL=C

refuse() {
    printf 'REFUSED: %s\n' "$*" >&2
    exit 1
}
hex() { od -An -v -tx1 | tr -d ' \n'; }

# decode BASE64 FILE: strictly, so that no two texts mean the same bytes.
decode() {
    base64 -d <<<"$1" >"$2" 2>/dev/null && [[ $(base64 -w0 "$2") == "$1" ]]
}

if (($# != 1)); then
    echo "usage: openssl_check.sh DIR" >&2
    exit 2
fi
[[ -r $1/checkpoint ]] || refuse "checkpoint: it is missing"
[[ -r $1/verifier.key ]] || refuse "verifier.key: it is missing"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A verifier key is NAME+HASH+BASE64, where the base64 may itself hold a +.
vkey=$(<"$1/verifier.key")
name=${vkey%%+*}
rest=${vkey#*+}
id=${rest%%+*}
decode "${rest#*+}" "$work/key" || refuse "verifier.key: it is not of the form NAME+HASH+BASE64"
[[ $(hex <"$work/key") =~ ^01([0-9a-f]{64})$ ]] || refuse "verifier.key: it is not an Ed25519 key"
digest=$({ printf '%s\n' "$name" && cat "$work/key"; } | openssl dgst -sha256 -binary | hex)
[[ ${digest:0:8} == "$id" ]] || refuse "verifier.key: its hash does not belong to its name and key"

# SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): these twelve bytes, then the key.
{ printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00' && tail -c 32 "$work/key"; } >"$work/key.der"

# A signed note is the text, an empty line, and signature lines: "— NAME BASE64".
gap=$(grep -n '^$' "$1/checkpoint" | tail -n 1 | cut -d: -f1) || refuse "checkpoint: it has no signatures"
head -n "$((gap - 1))" "$1/checkpoint" >"$work/text"
[[ $(head -n 1 "$work/text") == "$name" ]] || refuse "checkpoint: it is not of the log $name"
[[ $(tail -c 1 "$1/checkpoint" | hex) == 0a ]] || refuse "checkpoint: its last line is cut off"

verified=0
while IFS= read -r line; do
    [[ $line =~ ^"—"\ ([^\ ]+)\ ([^\ ]+)$ ]] || refuse "checkpoint: a signature line is broken"
    if [[ ${BASH_REMATCH[1]} != "$name" ]]; then continue; fi
    decode "${BASH_REMATCH[2]}" "$work/signature" || refuse "checkpoint: a signature is not base64"
    [[ $(hex <"$work/signature") =~ ^([0-9a-f]{8})[0-9a-f]{128}$ ]] || refuse "checkpoint: a signature has a wrong length"
    if [[ ${BASH_REMATCH[1]} != "$id" ]]; then continue; fi
    tail -c 64 "$work/signature" >"$work/raw"
    openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/key.der" -in "$work/text" \
        -sigfile "$work/raw" >/dev/null 2>"$work/why" ||
        refuse "checkpoint: the signature by $name is wrong"
    verified=$((verified + 1))
done < <(tail -n "+$((gap + 1))" "$1/checkpoint")
((verified > 0)) || refuse "checkpoint: it has no signature by $name"
echo "ok: $name, $(sed -n 2p "$work/text") entries, signed"
