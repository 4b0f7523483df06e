# shellcheck shell=bash
# Shared by the scripts of this folder: where their cache is, and how a Debian package gets into it
# without root. Whatever lies in the cache under its final name is whole: it is made under a temporary
# name, or sealed by a stamp that is written last. Sourced, never run.

cache=${REEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reeve}

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# One process at a time fills the cache; whoever waited finds the work done.
lock_cache() {
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    if ! command -v flock >/dev/null; then return; fi
    flock -n 9 && return
    say "waiting for another set-up to finish ..."
    flock 9
}

# Parts of the packages that nothing here reads: documentation, and a compiler's source beside its library's.
unread=(./usr/share/doc ./usr/share/man ./usr/share/locale './usr/src/*/src' './usr/src/*/compiler')

on_debian() { command -v apt-get dpkg gpgv flock >/dev/null; }

# debian_tree NAME PACKAGE... unpacks the packages, and the libraries of theirs that this machine lacks,
# into $cache/NAME/root, and lists their versions in $cache/NAME/versions. Programs that they merely
# depend on are left out, and so is every package in $skip (separated by |).
debian_tree() (
    lock_cache
    dest=$cache/$1
    shift
    if [[ -e $dest/versions ]]; then exit 0; fi
    rm -rf "$dest" "$cache"/tmp.*  # of an interrupted run
    work=$(mktemp -d "$cache/tmp.XXXXXX") || exit 1
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    mkdir -p "$work"/{lists,archives}/partial "$work/debs" "$work/tree/root"

    # The system's sources and keyring, but lists and cache of our own, and none of the hooks that tidy
    # up the system after an update.
    cat >"$work/apt.conf" <<CONF
#clear APT::Update;
Dir::State::Lists "$work/lists";
Dir::Cache "$work";
Dir::Cache::Archives "archives";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Retries "3";
CONF

    for pause_seconds in 3 10 0; do
        if debian_download "$work" "$@"; then break; fi
        if [[ $pause_seconds == 0 ]]; then exit 1; fi
        say "the packages could not be had; trying again in $pause_seconds s"
        sleep "$pause_seconds"
    done
    for deb in "$work"/debs/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x --no-same-owner -C "$work/tree/root" --no-wildcards-match-slash "${unread[@]/#/--exclude=}" || exit 1
        dpkg-deb -W "$deb" >>"$work/tree/versions" || exit 1
    done
    mv "$work/tree" "$dest"
)

# debian_download WORK PACKAGE... puts them into WORK/debs.
debian_download() {
    local work=$1 names wanted
    shift
    apt-get -c "$work/apt.conf" -qq update >&2 || return 1
    # A rehearsed install names what is missing here; --reinstall keeps the packages asked for in the list.
    names=$(apt-get -c "$work/apt.conf" -s -qq --no-install-recommends --reinstall install "$@" |
        sed -n 's/^Inst \([^ ]*\).*/\1/p') || return 1
    # The C library must stay the one that the machine's own loader belongs to.
    wanted="^(lib.*|postgresql-[0-9]+|postgresql-client-[0-9]+|$(IFS='|' && echo "$*"))(:.*)?$"
    names=$(grep -E "$wanted" <<<"$names" | grep -Ev "^(libc6|libc-bin|libc6-dev|libgcc-s1|${skip:-none})(:.*)?$")
    # shellcheck disable=SC2086 # one word per package
    (cd "$work/debs" && apt-get -c "$work/apt.conf" -qq download $names >&2)
}

# library_path ROOT prints the folders of ROOT that hold shared libraries, in the manner of LD_LIBRARY_PATH.
library_path() {
    local dirs=() dir
    for dir in "$1"/usr/lib/*-linux-gnu* "$1"/lib/*-linux-gnu*; do
        if [[ -d $dir ]]; then dirs+=("$dir"); fi
    done
    (IFS=: && echo "${dirs[*]}")
}

# wrap SCRIPT PROGRAM ROOT writes SCRIPT, which runs PROGRAM with the libraries of ROOT, for it alone.
wrap() {
    mkdir -p "$(dirname "$1")"
    cat >"$1.$$" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH='$(library_path "$3")'\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH} exec '$2' "\$@"
WRAPPER
    chmod +x "$1.$$"
    mv "$1.$$" "$1"
}
