# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh and bundle.sh: operators' commands on containers in which somebody writes all the time.

# Of containers by name, for `inside`: its first process
declare -A pid_of

# inside NAME COMMAND...: in the container. Engines' own ways to do that take much longer here.
inside() {
	local pid=${pid_of[$1]}
	shift
	nsenter -t "$pid" -m -p -r -w "$@"
}

# The container's process: each round writes, syncs and reads back; the first error ends it. Without a pause it would leave
# little of the guest's one processor to the others.
# shellcheck disable=SC2016,SC2034
WRITER='busybox rm -f /rest; n=0; while n=$((n+1)); [ ! -e /rest ] || exec sleep 10000; dd if=/dev/zero of=/w bs=64k count=8 conv=fsync 2>/dev/null && echo $n >/rounds && sync &&
	[ "$(cat /rounds)" = $n ]; do sleep .05; done; echo bad >/error; sleep 10000'

# rest NAME...: its writer is told to end, for Linux 6.12 here does not bear that somebody is killed while it forks
rest() {
	local name
	for name; do
		inside "$name" sh -c ': >/rest'
	done
	for name; do
		wait_for rests "$name" || return
	done
}

rests() {
	inside "$1" cat /proc/1/cmdline | tr '\0' ' ' | grep -q '^[^ ]*sleep '
}

# the size in MiB of the container's /; a long device name makes df use two lines
df_in() {
	inside "$1" df -m / | awk 'END { print $(NF-4) }'
}

# put_data NAME: 32 MiB that must be the same at the end
put_data() {
	inside "$1" dd if=/dev/urandom of=/data bs=1M count=32 conv=fsync && sum_of "$1" >"/run/sum.$1"
}

sum_of() {
	inside "$1" sha256sum /data
}

# whole WHAT NAME: its data are what they were
whole() {
	is "$1: the data are whole" "$(sum_of "$2")" "$(cat "/run/sum.$2")"
}

# still_writes WHAT NAME: its writer has met no error, and goes on
still_writes() {
	local rounds end=$((SECONDS + 180))
	ok "$1: the writer met no error" not inside "$2" cat /error
	rounds=$(inside "$2" cat /rounds)
	while [ "$(inside "$2" cat /rounds)" = "$rounds" ] && [ $SECONDS -lt $end ]; do
		sleep .2
	done
	isnt "$1: it goes on" "$(inside "$2" cat /rounds)" "$rounds"
}

# row NAME: what `list --json` says of that container
row() {
	/usr/sbin/oci-thin-grow list --json | jq -c --arg name "$1" '.containers[] | select(.name == $name or .id == $name)'
}

# field NAME FILTER: of that
field() {
	row "$1" | jq -r "$2"
}
