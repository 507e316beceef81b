#!/bin/sh
# Experiment: one nameserver keeps its copy as it is, as `rndc freeze` makes it. `fault_active` shows it.
set -eu

server=${NAMESERVERS%% *}
curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$server/freeze" --data '{"frozen": true}' >&2
echo "one of them is frozen"
