#!/bin/sh
# Monday: the same change, and what it forgot. Signatures last as long as the slowest site needs, and longer.
set -eu

for signer in $SIGNER; do
  curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$signer/policy" --data \
    '{"lifetime_seconds": 180, "refresh_seconds": 172, "propagation_delay_seconds": 80}' >&2
done
echo "policy loaded"
