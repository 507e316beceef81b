#!/bin/sh
# Friday, 16:55. The new anycast sites are slow, and need a minute to get a version. One value, one line, reviewed by nobody.
#
# What it forgets: a signature has to be renewed earlier than a cache and the slowest site together may keep the old one. With this
# value `refresh_seconds` is too low. The signer takes the policy, and cannot carry it out.
set -eu

lifetime=90
refresh=82
propagation=${PROPAGATION_DELAY:-80}       # was 1

for signer in $SIGNER; do
  curl --fail-with-body --silent --show-error --max-time 5 --request PUT "$signer/policy" --data \
    "{\"lifetime_seconds\": $lifetime, \"refresh_seconds\": $refresh, \"propagation_delay_seconds\": $propagation}" >&2
done
echo "policy loaded"
