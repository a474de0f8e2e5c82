# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh and bundle.sh: the daemon, and containers that fill their disks.

CONFIG=/etc/oci-thin-grow/config.json

# configure JQ_FILTER: the defaults with this change
configure() {
	jq -n "{} | $1" >$CONFIG.new && mv $CONFIG.new $CONFIG
}

# growd_up [ARG...]: the daemon with these arguments; its pid in $growd_pid
growd_up() {
	/usr/sbin/oci-thin-growd "$@" >>/run/growd.log 2>&1 &
	growd_pid=$!
	wait_for logged 'action=start source=growd'
}

# growd_down: must be over within a second
growd_down() {
	local from=${EPOCHREALTIME/[.,]/} status=0
	kill "$growd_pid"
	wait "$growd_pid" || status=$?
	[ $status = 0 ] && echo "ended after $(((${EPOCHREALTIME/[.,]/} - from) / 1000)) ms" &&
		[ $((${EPOCHREALTIME/[.,]/} - from)) -lt 1000000 ]
}

# logged REGEX: a line of the log matches. count_logged REGEX: so many do
logged() {
	grep -qE "$1" /run/messages
}

count_logged() {
	grep -cE "$1" /run/messages
}

# container NAME [SIZE] [JQ_FILTER]: a running container on a disk of its own
container() {
	new_disk "$1" "${2:-1G}" && start_container "$1" "${3:-.}"
}

start_container() {
	spec "/run/bundle/$1" "/run/disk/$1" "${2:-.} | .process.args = [\"sleep\", \"100000\"]" || return
	runc --root /run/runc run --detach --bundle "/run/bundle/$1" "$1" </dev/null >"/run/$1.log" 2>&1 && return
	cat "/run/$1.log"
	return 1
}

gone() {
	runc --root /run/runc delete --force "$1" && drop_disk "$1"
}

has_size() {
	[ "$(device_bytes "$1")" = "$2" ]
}

# fill NAME MIB_PER_SECOND MIB [FROM]: writes at that rate until the disk has so many MiB of it; a writer that was kept waiting
# makes up for it, as a program with a queue does. Space is allocated and not written, because the pool is in memory.
fill() {
	local file=/run/disk/$1/fill rate=$2 end=$3 have=${4:-0} from=${EPOCHREALTIME/[.,]/} due
	local first=$have
	while [ "$have" -lt "$end" ]; do
		due=$((first + (${EPOCHREALTIME/[.,]/} - from) * rate / 1000000))
		[ "$due" -le "$end" ] || due=$end
		if [ "$due" -gt "$have" ]; then
			fallocate -o "${have}M" -l "$((due - have))M" "$file" || { echo "no space after $have MiB"; return 1; }
			have=$due
		else
			sleep .02
		fi
	done
}
