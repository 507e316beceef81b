#!/bin/sh
# The end of the experiment: whoever is frozen follows again.
set -eu

for server in $NAMESERVERS; do
  curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$server/freeze" --data '{"frozen": false}' >&2
done
echo "all of them follow"
