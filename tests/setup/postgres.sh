#!/usr/bin/env bash
# A private PostgreSQL for tests: `postgres.sh start DIR PORT` makes a cluster in DIR (or takes up the one
# that is there), serves it on 127.0.0.1:PORT without passwords, and prints its URL. `postgres.sh stop DIR
# [fast|immediate]` ends it; "immediate" is a crash. Nothing is synced to disk, unless REEVE_PG_FSYNC=on:
# for tests only.
set -euo pipefail

say() { printf 'postgres.sh: %s\n' "$*" >&2; }
usage() {
    say "usage: postgres.sh start DIR PORT | stop DIR [fast|immediate]"
    exit 2
}

# PostgreSQL refuses to run as root. Root lends the cluster to an ordinary user, or, where that user
# cannot reach the programs or the folder, appears to be one in a user namespace of its own.
choose_user() {
    drop=()
    if [[ $(id -u) != 0 ]]; then return; fi
    local user=nobody
    if id -u postgres >/dev/null 2>&1; then user=postgres; fi
    drop=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
    chown "$user" "$dir"
    if "${drop[@]}" test -x "$bin/postgres" -a -w "$dir"; then return; fi
    drop=(unshare --user --map-user=65534 --map-group=65534)
    chown root "$dir"
    if "${drop[@]}" test -x "$bin/postgres" -a -w "$dir"; then return; fi
    say "the user $user must be able to enter both $bin and $dir; choose a folder that it can reach, such as one under /tmp"
    exit 1
}

start() {
    local port=$1 socket=$dir sync=${REEVE_PG_FSYNC:-off}
    if [[ ! -e $dir/data/PG_VERSION ]]; then
        rm -rf "$dir/data.new"
        "${drop[@]}" "$bin/initdb" --pgdata="$dir/data.new" --username=reeve --auth=trust --encoding=UTF8 \
            --locale=C --no-sync >&2
        mv "$dir/data.new" "$dir/data"
    fi
    # A longer path than this does not fit in a socket's name.
    if ((${#dir} > 90)); then socket=''; fi
    if ! "${drop[@]}" "$bin/pg_ctl" --pgdata="$dir/data" --log="$dir/log" --silent --wait start >&2 -o \
        "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='$socket' -c fsync=$sync -c full_page_writes=$sync -c jit=off"; then
        say "PostgreSQL did not start on port $port; its log:"
        tail -n 20 "$dir/log" >&2
        exit 1
    fi
    echo "postgres://reeve@127.0.0.1:$port/postgres"
}

if (($# < 2)); then usage; fi
bin=${REEVE_PG_BIN:?is not set; run tests/setup/peers.sh first}
mkdir -p "$2"
dir=$(cd "$2" && pwd -P)
choose_user
cd /
case $1 in
start) start "${3:?a port is needed}" ;;
stop) "${drop[@]}" "$bin/pg_ctl" --pgdata="$dir/data" --silent --wait --mode="${3:-fast}" stop >&2 ;;
*) usage ;;
esac
