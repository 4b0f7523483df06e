# shellcheck shell=bash
# The hands of the tour: showing commands, playing the three targets, and doing to Reeve what the world does. Sourced, never run.

bold=$'\e[1m' dim=$'\e[2m' off=$'\e[0m'
if [[ ! -t 1 ]]; then bold='' dim='' off=''; fi

chapter() { printf '\n%s== %s%s\n' "$bold" "$1" "$off"; }
say() { printf '\n%s\n' "$1"; }

# Shows a command as a person would type it, then what it says.
show() {
    local shown=$*
    shown=${shown//$demo\//}
    printf '\n%s$ %s%s\n' "$dim" "$shown" "$off"
}
run() {
    show "$@"
    "$@"
}
# expect CODES COMMAND... is for commands that say no, or that leave something to do.
expect() {
    local codes=$1 got=0
    shift
    show "$@"
    "$@" || got=$?
    if [[ " $codes " != *" $got "* ]]; then
        echo "the tour expected exit code $codes of \`$*\`, and got $got" >&2
        exit 1
    fi
}
quiet() { "$@" >/dev/null 2>&1; }

# json FIELD prints a field of a flat JSON object.
json() { sed -nE "s/^ *\"$1\": \"(.*)\",?\$/\\1/p" | head -n 1; }

free_port() { # from the ephemeral range, and not in use right now
    local port
    while port=$((20000 + RANDOM % 30000)); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}
wait_for() { # wait_for WHAT COMMAND...
    local what=$1 tries
    shift
    for ((tries = 0; tries < 200; tries++)); do
        if "$@" 2>/dev/null; then return; fi
        sleep 0.05
    done
    echo "$what did not come up; its output is in $demo/run" >&2
    exit 1
}
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

# The directory: a real OpenLDAP.
start_directory() {
    mkdir -p run/directory/db
    (umask 077 && head -c 18 /dev/urandom | base64 >run/service-password)
    local fill=(-e "s|@DIR@|$demo/run/directory|" -e "s|@MODULES@|$REEVE_SLAPD_MODULES|" -e "s|@SCHEMA@|$REEVE_SLAPD_SCHEMA|"
        -e "s|@ROOTPW@|$(head -c 18 /dev/urandom | base64)|" -e "s|@SERVICEPW@|$(<run/service-password)|")
    sed "${fill[@]}" "$repo/tests/setup/slapd.conf.in" >run/slapd.conf
    sed "${fill[@]}" "$repo/tests/setup/slapd.base.ldif.in" >run/base.ldif
    "$REEVE_SLAPD" -T add -f run/slapd.conf -l run/base.ldif
    "$REEVE_SLAPD" -T add -f run/slapd.conf -l "$here/groups.ldif"
    directory_port=$(free_port)
    "$REEVE_SLAPD" -f run/slapd.conf -h "ldap://127.0.0.1:$directory_port/" -d 0 >run/slapd.log 2>&1 &
    directory_pid=$!
    wait_for "the directory" answers "$directory_port"
}
directory_people() {
    "$REEVE_LDAPSEARCH" -x -LLL -H "ldap://127.0.0.1:$directory_port" -D cn=reeve,ou=services,dc=example,dc=com \
        -y <(tr -d '\n' <run/service-password) -E pr=200/noprompt -b ou=people,dc=example,dc=com '(objectClass=person)' dn |
        grep -c '^dn:'
}

# The workspace: a SCIM service with its own ledger of what was really done.
start_workspace() {
    workspace_port=$(free_port)
    (umask 077 && head -c 24 /dev/urandom | base64 | tr -d '\n' >run/token)
    serve_workspace
}
serve_workspace() { # serve_workspace [RULES]
    printf '%s' "${1:-[]}" >run/rules.json
    reeve-sim scim --listen "127.0.0.1:$workspace_port" --token-file run/token --state run/workspace.json \
        --ledger run/workspace.ledger --seed-groups staff,finance,sales --misbehave run/rules.json >>run/workspace.log 2>&1 &
    workspace_pid=$!
    wait_for "the workspace" answers "$workspace_port"
}
restart_workspace() {
    kill "$workspace_pid" && wait "$workspace_pid" 2>/dev/null || true
    serve_workspace "$@"
}
workspace_id() { # the id that the workspace gave to a login
    sed -nE "/\"name\": ?\"$1\"/s/.*\"resource\": ?\"User\/([^\"]+)\".*/\1/p" run/workspace.ledger | head -n 1
}
# Salesforce, over TLS: it has made one salesman the default owner of leads.
start_crm() {
    crm_port=$(free_port)
    (umask 077 && head -c 24 /dev/urandom | base64 | tr -d '\n' >run/crm-secret)
    serve_crm "$here/crm.json"
}
serve_crm() { # serve_crm SEED
    rm -f run/crm-roots.pem
    reeve-sim salesforce --listen "127.0.0.1:$crm_port" --secret-file run/crm-secret --run-as reeve@example.com --seed "$1" \
        --state run/crm.state --ledger run/crm.ledger --tls-roots-out run/crm-roots.pem >>run/crm.log 2>&1 &
    crm_pid=$!
    wait_for "Salesforce" answers "$crm_port"
}
restart_crm() { # with another default owner
    kill "$crm_pid" && wait "$crm_pid" 2>/dev/null || true
    sed 's/"blockers": .*/"blockers": []/' "$here/crm.json" >run/crm.json
    serve_crm run/crm.json
}
# Refuses to close one account for a reason of its own, and is slow enough to be interrupted.
refusal() {
    cat <<JSON
[
  {"match": {"method": "PATCH", "path": "/Users/$1", "body_contains": "active"},
   "act": {"do": "refuse", "status": 400, "detail": "the user owns 2 open envelopes"}},
  {"match": {"method": "PATCH"}, "act": {"do": "slow", "chunk_bytes": 200, "delay_ms": 60}},
  {"match": {"method": "POST"}, "act": {"do": "slow", "chunk_bytes": 200, "delay_ms": 60}}
]
JSON
}
# What the workspace really did, by its own ledger.
created_users() { grep -E '"change": ?"created"' run/workspace.ledger | grep -oE '"resource": ?"User/.*"name": ?"[^"]+"' | sed -E 's/.*"name": ?//'; }
stop_targets() { kill ${directory_pid:-} ${workspace_pid:-} ${crm_pid:-} 2>/dev/null || true; }

# HR exports its file; its dates are a few days old whenever the tour is played.
hand_over() {
    local ago="date -u +%F -d"
    sed -e "s/@LEFT@/$($ago '2 days ago')/" -e "s/@STARTED@/$($ago '1 day ago')/" -e "s/@CONTRACT_END@/$($ago '200 days')/" \
        "$here/people-$1.csv" >hr/people.csv.part
    mv hr/people.csv.part hr/people.csv
}
sign() { # a plugin's own file, signed as a vendor would
    local dir=$repo/plugins/$1
    quiet reeve plugin pack "$dir/plugin.toml" "$guests/reeve_plugin_${1//-/_}.wasm" -o "run/$1.reeve" --key run/vendor.key
}
last_plan() { reeve plan list --limit 1 --json | json hash | cut -c1-12; }
left_operations() { reeve run show --json | sed -nE 's/^ *"operation": "(.*)",?$/\1/p'; }

# Kills the run as soon as the workspace has done some of what the plan asks for.
kill_half_way() {
    local before pid
    before=$(wc -l <run/workspace.ledger)
    show reeve run
    reeve run &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        if (($(wc -l <run/workspace.ledger) > before + 1)); then
            kill -9 "$pid"
            break
        fi
    done
    wait "$pid" 2>/dev/null || true
}

# Changes one byte in the middle of the first bundle of entries.
flip_a_byte() {
    local file size at byte
    file=$(find "$1/tile/entries" -type f | sort | head -n 1)
    size=$(wc -c <"$file")
    at=$((size / 2))
    byte=$(od -An -tu1 -j "$at" -N 1 "$file")
    printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
}
