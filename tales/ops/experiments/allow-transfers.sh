#!/bin/sh
# The end of the experiment: whoever has the key may copy again.
set -eu

for signer in $SIGNER; do
  curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$signer/transfers" --output /dev/null --data '{"allowed": true}'
done
echo "whoever has the key may copy"
