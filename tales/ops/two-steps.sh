#!/bin/sh
# The way back from a serial of the future (RFC 1982): of two serials that one is newer which is less than 2^31 ahead. So first half
# around the circle, then, when all nameservers are there, to today. Each step counts as newer.
set -eu

ask() { curl --fail-with-body --silent --show-error --max-time 5 "$@"; }
serial_of() { ask "$1/zone" | sed 's/.*"serial":\([0-9]*\).*/\1/'; }

# The same serial at every nameserver, and not the one that they are to leave.
wait_until_all_left() {
  tries=0
  for server in $NAMESERVERS; do
    until [ "$(serial_of "$server")" != "$1" ]; do
      tries=$((tries + 1))
      [ "$tries" -lt 100 ] || { echo "$server does not leave $1" >&2; exit 1; }
      sleep 0.2
    done
  done
}

future=$(serial_of "${NAMESERVERS%% *}")
between=$(((future + 2147483647) % 4294967296))
ask --request PUT "$SIGNER/serial" --data "{\"serial\": $between}" >&2
wait_until_all_left "$future"
ask --request PUT "$SIGNER/serial" --data "{\"serial\": $(date +%s)}" >&2
wait_until_all_left "$between"
echo "from $future over $between to today"
