#!/bin/sh
# Experiment: the signer publishes a serial one year ahead, as a clock that is wrong for a moment makes it.
set -eu

serial=$(($(date +%s) + 365 * 86400))
for signer in $SIGNER; do
  curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$signer/serial" --data "{\"serial\": $serial}" >&2
done
echo "published under $serial"
