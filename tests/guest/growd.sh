# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh and bundle.sh: the daemon, and containers that fill their disks.

CONFIG=/etc/oci-thin-grow/config.json

# configure JQ_FILTER: the defaults with this change
configure() {
	jq -n "{} | $1" >$CONFIG.new && mv $CONFIG.new $CONFIG
}

# max SIZE: a filter for container: it may grow up to SIZE
max() {
	echo ".annotations[\"io.oci-thin-grow.max\"] = \"$1\""
}

## The daemon

# figure TEXT: for the person who reads the results
figure() {
	echo "$1" | tee -a /host/figures | diag
}

# growd_up [ARG...]: the daemon with these arguments; its pid in $growd_pid
growd_up() {
	local starts
	starts=$(count_logged 'action=start source=growd')
	/usr/sbin/oci-thin-growd "$@" >>/run/growd.log 2>&1 &
	growd_pid=$!
	wait_for started_times $((starts + 1))
}

started_times() {
	[ "$(count_logged 'action=start source=growd')" = "$1" ]
}

reloaded_times() {
	[ "$(count_logged 'action=reload ')" = "$1" ]
}

paused_times() {
	[ "$(count_logged 'action=pause ')" = "$1" ]
}

# growd_down: it ends within a second, on a busy machine within five: it does not wait for what hangs
growd_down() {
	local from=${EPOCHREALTIME/[.,]/} status=0
	kill "$growd_pid"
	wait "$growd_pid" || status=$?
	from=$(((${EPOCHREALTIME/[.,]/} - from) / 1000))
	echo "status $status after $from ms"
	[ $status = 0 ] && [ $from -lt 5000 ]
}

# logged REGEX: a line of the log matches. count_logged REGEX: so many do
logged() {
	grep -qE "$1" /run/messages
}

count_logged() {
	grep -cE "$1" /run/messages
}

# state_of DEVICE FIELD: what the daemon says about it
state_of() {
	jq -r --arg device "$1" ".filesystems[\$device].$2" /run/oci-thin-grow/growd.json
}

state_is() {
	[ "$(state_of "$1" state)" = "$2" ]
}

# uses DEVICE MIB: so much is used, as the daemon knows
uses() {
	[ "$(state_of "$1" used)" -ge $(($2 * 1048576)) ]
}

# size_and_steps DEVICE: and how many steps are charged to it: the daemon writes that down when it begins one
size_and_steps() {
	echo "$(($(device_bytes "$1") / GIB)) GiB, $(state_of "$1" 'grown | length') steps"
}

# stuck: a process of the daemon waits in the kernel. For wait_for: it also does when it writes.
stuck() {
	ps -C oci-thin-growd -o stat= | awk '/^D/ { found = 1 } END { exit !found }'
}

## Containers

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
	runc --root /run/runc delete --force "$1" && drop_watched "$1"
}

# drop_watched NAME: drop_disk, which tries again while the daemon looks at the disk, as engines do
drop_watched() {
	wait_for umount -R "/run/disk/$1" && dmsetup remove --retry "$1"
}

# gib_of NAME: the size of its filesystem, rounded up
gib_of() {
	df -BG --output=size "/run/disk/$1" | tail -n 1 | tr -cd 0-9
}

# grew NAME GIB: its device is larger than GIB, and so is its filesystem
grew() {
	[ "$(device_bytes "$1")" -gt $(($2 * GIB)) ] && [ "$(gib_of "$1")" -gt "$2" ]
}

# fill NAME MIB_PER_SECOND MIB [FROM]: writes at that rate until the disk has so many MiB of it; the rate that it reached
# is in $reached. It makes up for a quarter of a second that it was kept waiting, as a program with a queue does, and not for more: else
# this guest's own waits for a processor would be bursts. Space is allocated and not written, because the pool is in memory.
# write_data does the same with real data.
fill() {
	local file=/run/disk/$1/fill rate=$2 end=$3 first=${4:-0} begun=${EPOCHREALTIME/[.,]/} from have due late
	from=$begun have=$first
	while [ "$have" -lt "$end" ]; do
		due=$((first + (${EPOCHREALTIME/[.,]/} - from) * rate / 1000000))
		late=$((due - have - rate / 4))
		[ $late -le 0 ] || from=$((from + late * 1000000 / rate)) due=$((due - late))
		[ "$due" -le "$end" ] || due=$end
		if [ "$due" -gt "$have" ]; then
			occupy "$file" "$have" $((due - have)) || { echo "no space after $have MiB"; return 1; }
			have=$due
		else
			sleep .02
		fi
	done
	# shellcheck disable=SC2034 # for those that report it
	reached="$(((have - first) * 1000000 / (${EPOCHREALTIME/[.,]/} - begun))) MiB/s"
}

write_data() {
	WRITES=data fill "$@"
}

# occupy FILE FROM MIB
occupy() {
	if [ "${WRITES:-}" = data ]; then
		dd if=/dev/zero of="$1" bs=1M seek="$2" count="$3" conv=notrunc status=none
	else
		fallocate -o "$2M" -l "$3M" "$1"
	fi
}
