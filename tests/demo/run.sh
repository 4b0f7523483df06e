#!/usr/bin/env bash
# The tour: from an HR file to proven leavers, on embedded SQLite in target/demo, without root. `make demo` builds what
# it needs and calls it. Each command is shown as it is typed; `$` marks them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
bin=${CARGO_TARGET_DIR:-$repo/target}/debug
guests=${REEVE_GUESTS:-${CARGO_TARGET_DIR:-$repo/target}/guest/wasm32-unknown-unknown/release}
demo=$repo/target/demo
began=$SECONDS
source "$here/lib.sh"

vars=$("$repo/tests/setup/peers.sh" openldap) && eval "$vars"
if [[ -z ${REEVE_SLAPD:-} ]]; then
    echo "The tour needs OpenLDAP as one of its three targets (see above). Install it, then try again."
    exit 1
fi
trap stop_targets EXIT
rm -rf "$demo"
mkdir -p "$demo"/{hr,run}
cd "$demo"
export PATH=$bin:$PATH REEVE_HOME=$demo/reeve REEVE_LOG=error
start_directory
start_workspace
start_crm

chapter "A new Reeve, four plugins, four systems"
run reeve init reeve --origin reeve.example.com/demo
reeve plugin key demo-vendor run/vendor.key --json | json trusted-key >>reeve/trusted-keys
for name in hr-csv scim ldap salesforce; do
    sign "$name"
done
run reeve plugin install run/scim.reeve --yes
quiet reeve plugin install run/ldap.reeve --yes
quiet reeve plugin install run/hr-csv.reeve --yes
quiet reeve plugin install run/salesforce.reeve --yes
run reeve plugin list
mkdir -p reeve/systems
cp "$here/systems/hr.toml" reeve/systems/
sed "s/@PORT@/$workspace_port/" "$here/systems/workspace.toml.in" >reeve/systems/workspace.toml
sed "s/@PORT@/$directory_port/" "$here/systems/directory.toml.in" >reeve/systems/directory.toml
sed "s/@PORT@/$crm_port/" "$here/systems/crm.toml.in" >reeve/systems/crm.toml
for name in hr workspace directory crm; do
    run reeve system add reeve/systems/$name.toml
done
run reeve secret set workspace/api/token <run/token
run reeve secret set directory/directory/password <run/service-password
run reeve secret set crm/api/client-secret <run/crm-secret
cp "$here"/policy/*.toml reeve/policy/
run reeve system check crm

chapter "Day 1: HR exports 120 people; the plan is read, then approved"
hand_over day-1
run reeve sync
run reeve plan
run reeve approve "$(last_plan)"
run reeve run
say "Read by others: the directory itself counts $(directory_people) people, and the workspace's own ledger shows $(created_users | wc -l) new accounts."

chapter "Day 2: a joiner, a mover, two leavers; two systems refuse; the run is killed half-way"
stubborn=$(workspace_id mateo.vasquez@example.com)
restart_workspace "$(refusal "$stubborn")"
hand_over day-2
run reeve sync
run reeve plan --all
run reeve approve "$(last_plan)"
kill_half_way
say "Killed with kill -9, with this left:"
run reeve run show
say "What was sent and not answered is read before anything is sent again:"
# 4 where a refusal comes only now; it may have come before the end as well.
expect "0 4" reeve run
say "No account was made twice: the workspace's ledger has $(created_users | wc -l) creations for $(created_users | sort -u | wc -l) logins."

chapter "Two leavers, two certificates"
run reeve leaver list
run reeve leaver certificate yusuf.okafor@example.com
run reeve leaver certificate mateo.vasquez@example.com
say "Salesforce would not deactivate him, so he is frozen there. His leads and envelopes go to a colleague; both operations may go on."
restart_workspace
restart_crm
for operation in $(left_operations); do
    run reeve run retry "$operation"
done
run reeve run
run reeve leaver certificate mateo.vasquez@example.com

chapter "Who had what, when, and why"
run reeve identity show oskar.moreau@example.com
run reeve identity show yusuf.okafor@example.com

chapter "The log, checked without Reeve's word"
reeve log checkpoint >run/pinned
run reeve log export "$demo/log"
run reeve log verify "$demo/log" --pinned run/pinned
cp -r log tampered
flip_a_byte tampered
say "One byte of a copy is changed:"
expect 1 reeve log verify "$demo/tampered"

chapter "Done in $((SECONDS - began)) s"
cat <<TEXT
Nothing ran as a service; the three targets stop with this script. Look around with

  export REEVE_HOME=$demo/reeve PATH=$bin:\$PATH
  reeve --help
  reeve log show
  reeve finding list
  less $REEVE_HOME/policy/birthright.toml

The exported log stays in $demo/log. ARCHITECTURE.md tells how it is built.
TEXT
