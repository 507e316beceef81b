#!/bin/sh
# The end of the experiment: whoever has the key may copy again.
set -eu

for signer in $SIGNER; do
  curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$signer/transfers" --data '{"allowed": true}' >&2
done
echo "whoever has the key may copy"
