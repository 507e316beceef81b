#!/bin/sh
# The end of the experiment: whoever is frozen follows again.
set -eu

for server in $NAMESERVERS; do
  curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$server/freeze" --output /dev/null --data '{"frozen": false}'
done
echo "all of them follow"
