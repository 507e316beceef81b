#!/bin/sh
# The clock is right again, and the signer publishes under today's serial. No nameserver follows: of the two, next year's is newer.
set -eu

serial=$(date +%s)
for signer in $SIGNER; do
  curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$signer/serial" --data "{\"serial\": $serial}" >&2
done
echo "published under $serial"
