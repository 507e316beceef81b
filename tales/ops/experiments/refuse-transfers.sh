#!/bin/sh
# Experiment: the signer lets nobody copy its zone, as after a change to its access list. `fault_active` shows it.
set -eu

for signer in $SIGNER; do
  curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$signer/transfers" --data '{"allowed": false}' >&2
done
echo "nobody may copy"
