#!/bin/sh
# Somebody registers a domain. A change signs what it changes, and publishes a new version: the serial is now.
set -eu

name=new-$(date +%s)
for signer in $SIGNER; do
  curl --fail-with-body --silent --show-error --max-time 5 --request POST "$signer/changes" --data \
    "{\"add\": [\"$name 5 NS ns.shop\"]}" >&2
done
echo "$name is delegated"
