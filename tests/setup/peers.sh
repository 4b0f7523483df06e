#!/usr/bin/env bash
# Makes sure that the real servers and readers which the tests talk to are on this machine, and prints
# where they are as shell assignments: `vars=$(tests/setup/peers.sh) && eval "$vars"`. What the machine
# has is used; the rest comes into a private folder. With CI=true a peer that is missing is an error.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib.sh"

give() { printf 'export %s=%q\n' "$1" "$2"; }

# missing PEER REMEDY
missing() {
    if [[ ${CI:-} == true ]]; then
        say "error: $1 is missing; $2"
        exit 1
    fi
    say "skipped: $1 is missing; $2"
}

# The LDAP server: OpenLDAP 2.5 or later, whose lastbind needs no extra package.

system_openldap() {
    slapd=$(PATH=$PATH:/usr/sbin:/usr/local/sbin:/usr/libexec command -v slapd) || return 1
    ldapsearch=$(command -v ldapsearch) || return 1
    "$slapd" -VV 2>&1 | grep -Eq 'slapd (2\.([5-9]|[1-9][0-9])|[3-9])\.' || return 1
    find_openldap_folders ""
}

private_openldap() {
    local home=$cache/openldap-r1 tool
    if [[ ! -e $home/versions ]]; then
        on_debian || return 1
        say "fetching OpenLDAP, 3 MB, once per machine ..."
        debian_tree openldap-r1 slapd ldap-utils || return 1
    fi
    slapd=$home/bin/slapd
    ldapsearch=$home/bin/ldapsearch
    find_openldap_folders "$home/root" || return 1
    if [[ -x $slapd ]]; then return; fi
    for tool in "$home"/root/usr/bin/ldap*; do wrap "$home/bin/${tool##*/}" "$tool" "$home/root"; done
    wrap "$slapd" "$home/root/usr/sbin/slapd" "$home/root"
}

# find_openldap_folders ROOT finds the modules and the schemas that tests/setup/slapd.conf.in names.
find_openldap_folders() {
    local dir module
    modules='' schema=''
    for dir in "$1"/usr/{lib,lib64,libexec}/{ldap,openldap}; do
        for module in back_mdb memberof refint ppolicy; do
            if ! compgen -G "$dir/$module.[ls][ao]" >/dev/null; then continue 2; fi
        done
        modules=$dir
    done
    for dir in "$1"/etc/{ldap,openldap}/schema; do
        if [[ -e $dir/inetorgperson.schema ]]; then schema=$dir; fi
    done
    [[ -n $modules && -n $schema ]]
}

peer_openldap() {
    if ! { system_openldap || private_openldap; } || ! "$slapd" -VV >/dev/null 2>&1; then
        missing "OpenLDAP" "install slapd 2.5 or later and its client tools (Debian: apt-get install slapd ldap-utils)"
        return
    fi
    give REEVE_SLAPD "$slapd"
    give REEVE_SLAPD_MODULES "$modules"
    give REEVE_SLAPD_SCHEMA "$schema"
    give REEVE_LDAPSEARCH "$ldapsearch"
}

# The Python peers: one environment for the SCIM server, the readers of the audit log, the client of Salesforce, the
# tester of OpenAPI interfaces, the signer of webhooks and the reader of metrics.

find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# An environment cannot be moved, so it is built in place and sealed by its stamp.
build_python_peers() (
    lock_cache
    if [[ -e $1/complete ]]; then exit 0; fi
    say "fetching the Python peers, 150 MB when unpacked, once per machine ..."
    rm -rf "$1"
    "$2" -m venv "$1" >&2 &&
        "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2 &&
        "$1/bin/python" -c 'import cryptography, prometheus_client, pymerkle, schemathesis, scim2_server, simple_salesforce, standardwebhooks, tlog_scales' >&2 &&
        touch "$1/complete"
)

peer_python() {
    local home python
    home=$cache/python-$(cksum <"$here/requirements.txt" | cut -d' ' -f1)
    if [[ ! -e $home/complete || ! -x $home/bin/python ]]; then
        rm -f "$home/complete"
        if ! python=$(find_python); then
            missing "Python 3.11 or later with venv" "install it (Debian: apt-get install python3-venv)"
            return
        fi
        if ! build_python_peers "$home" "$python"; then
            missing "scim2-server, pymerkle, tlog-scales, simple-salesforce, schemathesis, standardwebhooks and prometheus-client" "pip could not install tests/setup/requirements.txt (its own words are above): is the Python package index reachable?"
            return
        fi
    fi
    give REEVE_SCIM2_SERVER "$home/bin/scim2-server"
    give REEVE_LOG_PYTHON "$home/bin/python"
    give REEVE_SALESFORCE_PYTHON "$home/bin/python"
    give REEVE_SCHEMATHESIS "$home/bin/schemathesis"
    give REEVE_API_PYTHON "$home/bin/python"
}

# PostgreSQL 15 or later; tests/setup/postgres.sh starts and stops it.

system_postgres() {
    local dir initdb
    initdb=$(command -v initdb || true)
    for dir in "${REEVE_PG_BIN:-}" "$(pg_config --bindir 2>/dev/null)" "${initdb%/*}" \
        $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
        if [[ ! -x $dir/initdb || ! -x $dir/pg_ctl || ! -x $dir/postgres ]]; then continue; fi
        if (($("$dir/postgres" -V | sed 's/[^0-9]*\([0-9]*\).*/\1/') >= 15)); then
            pg_bin=$dir
            return
        fi
    done
    return 1
}

private_postgres() {
    local home=$cache/postgresql-15-r1 program
    if [[ ! -e $home/versions ]]; then
        on_debian || return 1
        say "fetching PostgreSQL 15, 20 MB, once per machine ..."
        # LLVM would only speed up long queries, and is larger than all the rest.
        skip='libllvm.*' debian_tree postgresql-15-r1 postgresql-15 || return 1
    fi
    pg_bin=$home/bin
    if [[ -x $pg_bin/postgres ]]; then return; fi
    for program in initdb pg_ctl psql postgres; do
        wrap "$pg_bin/$program" "$home/root/usr/lib/postgresql/15/bin/$program" "$home/root"
    done
}

peer_postgres() {
    if ! { system_postgres || private_postgres; } || ! "$pg_bin/postgres" -V >/dev/null 2>&1; then
        missing "PostgreSQL" "install version 15 or later (Debian: apt-get install postgresql)"
        return
    fi
    give REEVE_PG_BIN "$pg_bin"
}

if (($# == 0)); then set -- openldap python postgres; fi
for peer in "$@"; do
    case $peer in
    openldap | python | postgres) "peer_$peer" ;;
    *)
        say "there is no peer $peer; name openldap, python or postgres"
        exit 2
        ;;
    esac
done
