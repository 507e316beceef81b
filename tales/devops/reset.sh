#!/bin/sh
# The window of six hours is over: everybody has all their pulls again.
set -eu

for registry in $REGISTRY; do
  curl --fail --silent --show-error --max-time 5 --request DELETE "$registry/pulls"
done
echo "a hundred pulls again"
