#!/bin/sh
# Experiment: the signer publishes a serial of an hour ago, as after a restore from a backup. Until its next version, which is newer
# again, no nameserver follows.
set -eu

serial=$(($(date +%s) - 3600))
for signer in $SIGNER; do
  curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$signer/serial" --data "{\"serial\": $serial}" >&2
done
echo "published under $serial"
