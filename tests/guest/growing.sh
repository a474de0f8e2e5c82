# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh and bundle.sh: operators' commands on containers that write all the time.

# The first process of each container, for `inside`
declare -A pid_of

# inside NAME COMMAND...: runs COMMAND in the container. Engines' own commands for that take much longer here.
inside() {
	local pid=${pid_of[$1]}
	shift
	nsenter -t "$pid" -m -p -r -w "$@"
}

# The container's process: each round writes, syncs and reads back; the first error ends it. It pauses, to leave some of the
# guest's one processor to the others.
# shellcheck disable=SC2016,SC2034
WRITER='busybox rm -f /rest; n=0; while n=$((n+1)); [ ! -e /rest ] || exec sleep 10000; dd if=/dev/zero of=/w bs=64k count=8 conv=fsync 2>/dev/null && echo $n >/rounds && sync &&
	[ "$(cat /rounds)" = $n ]; do sleep .05; done; echo bad >/error; sleep 10000'

# rest NAME...: ends the writers before a kill, because Linux 6.12 does not survive that a forking process is killed here
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

# df_in NAME: the size in MiB of the container's /; df uses two lines for a long device name
df_in() {
	inside "$1" df -m / | awk 'END { print $(NF-4) }'
}

# put_data NAME: writes 32 MiB that must not change
put_data() {
	inside "$1" dd if=/dev/urandom of=/data bs=1M count=32 conv=fsync && sum_of "$1" >"/run/sum.$1"
}

sum_of() {
	inside "$1" sha256sum /data
}

# whole WHAT NAME: its data is unchanged
whole() {
	is "$1: the data of $2 is unchanged" "$(sum_of "$2")" "$(cat "/run/sum.$2")"
}

# still_writes WHAT NAME: its writer had no error and goes on
still_writes() {
	local rounds end=$((SECONDS + 180))
	ok "$1: the writer in $2 had no error" not inside "$2" cat /error
	rounds=$(inside "$2" cat /rounds)
	while [ "$(inside "$2" cat /rounds)" = "$rounds" ] && [ $SECONDS -lt $end ]; do
		sleep .2
	done
	isnt "$1: the writer in $2 goes on" "$(inside "$2" cat /rounds)" "$rounds"
}

# row NAME: the container in `list --json`
row() {
	/usr/sbin/oci-thin-grow list --json | jq -c --arg name "$1" '.containers[] | select(.name == $name or .id == $name)'
}

# field NAME FILTER: one field of it
field() {
	row "$1" | jq -r "$2"
}
