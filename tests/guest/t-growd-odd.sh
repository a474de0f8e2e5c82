#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What must not mislead or stop the daemon: a frozen filesystem, a look that hangs, a container that is replaced by another,
# a pool at its mark, and one that is extended.
# suites: bookworm trixie
# matrix: bookworm:FS=ext4 trixie:FS=xfs
# soak: FS=ext4 FS=xfs FS=btrfs
# limit: 200
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/growd.sh
. /src/tests/guest/growd.sh

POOL_GB=10

# children: the daemon's child processes; the first is the one that looks at filesystems
children() {
	cat "/proc/$growd_pid/task/$growd_pid/children"
}

# other_child PID: there is a child, and it is not PID
other_child() {
	local pids
	read -ra pids < <(children)
	[ -n "${pids[0]:-}" ] && [ "${pids[0]}" != "$1" ]
}

# ended PID: killed at once
ended() {
	kill -KILL "$1"
	! wait "$1"
}

extend_pool() {
	truncate -s 20G /t/data && losetup -c "$(losetup -n -O NAME -j /t/data)" || return
	dmsetup reload pool --table "$(dmsetup table pool | awk '{ $2 = 41943040; print }')" && dmsetup resume pool
}

ok "syslog runs" start_syslog
ok "a pool comes up" pool_up
configure '.max_size = "64G" | .autogrow.max = "16G" | .autogrow.cooldown = "1s"'
ok "the daemon starts" growd_up

## A frozen filesystem

for name in a b c; do
	ok "container $name starts" container $name 1G
done
ok "container a is known" wait_for uses a 0
kill -STOP "$growd_pid"
ok "a is full" fill a 4000 800
ok "its filesystem is frozen" fsfreeze -f /run/disk/a
kill -CONT "$growd_pid"
ok "b fills up" fill b 200 1500
ok "b has grown meanwhile" wait_for grew b 1
ok "the daemon is killed while the growth of a waits" ended "$growd_pid"
is "that growth is charged already" "$(jq '.filesystems.a.grown | length' /run/oci-thin-grow/growd.json)" 1
ok "it starts again" growd_up
ok "it stops although that growth waits" growd_down
ok "it starts once more" growd_up
ok "the frozen filesystem is thawed" fsfreeze -u /run/disk/a
ok "a has grown" wait_for logged 'action=(grow|finish) (container=runc:a|device=a) '
is "by one step" "$(device_bytes a)" $((2 * GIB))
ok "its filesystem, too" wait_for grew a 1

## A clock that is set

size=$(gib_of b)
ok "the clock is set a year ahead" date -s "+1 year"
ok "b goes on" fill b 4000 $((size * 900)) 1500
ok "b has grown again" wait_for grew b "$size"
ok "the clock is set back by ten years" date -s "-10 years"

## A look that hangs

read -r sampler _ < <(children)
kill -STOP "$sampler"
ok "another child looks at the others" wait_for other_child "$sampler"
ok "the hang is in the log" wait_for logged 'action=warn (path|pool)=.* reason="looking at it waits in the kernel'
ok "c fills up" fill c 200 1500
ok "c has grown" wait_for grew c 1
ok "the daemon has only one such child" wait_for not test -e "/proc/$sampler"

## A container that is replaced by another with the same device number

kill -STOP "$growd_pid"
number=$(dmsetup info -c --noheadings -o major,minor c)
size=$(gib_of c)
ok "c is full" fill c 4000 $((size * 900)) 1500
ok "c is removed" gone c
ok "container e starts, and may not grow" container e 1G "$(max 1G)"
is "e has the number of c" "$(dmsetup info -c --noheadings -o major,minor e)" "$number"
kill -CONT "$growd_pid"
ok "the daemon has seen e" wait_for uses e 0
ok "e fills up" fill e 4000 800
ok "that is known" wait_for uses e 800
is "e has not grown" "$(size_and_steps e)" "1 GiB, 0 steps"
ok "nothing failed" not logged 'action=fail container=runc:[bce] '

## A pool at its mark, with three writers at full speed

# pool_percent: of its data in use
pool_percent() {
	dmsetup status pool | awk '{ split($6, n, "/"); print int(n[1] * 100 / n[2]) }'
}

# write_until_refused NAME: goes on when its disk is full, as a log does, and leaves it so full that it is to grow
write_until_refused() {
	local end=$((SECONDS + 180))
	until is_refused "$1"; do
		[ $SECONDS -lt $end ] || return
		dd if=/dev/zero of="/run/disk/$1/written" bs=1M count=8 oflag=append,direct conv=notrunc status=none ||
			sleep .05
	done 2>/dev/null
}

is_refused() {
	logged "action=refuse container=runc:$1 " && is_nearly_full "$1"
}

# all_end PID...: with success
all_end() {
	local pid
	for pid; do
		wait "$pid" || return
	done
}

is_nearly_full() {
	[ "$(df --output=pcent "/run/disk/$1" | tr -cd 0-9)" -ge 90 ]
}

# note_sizes: for larger NAME: its device is larger than it was then
note_sizes() {
	local name
	for name in g h i; do size_of[$name]=$(device_bytes $name); done
}

larger() {
	[ "$(device_bytes "$1")" -gt "${size_of[$1]}" ]
}

# refusals_wait: each refusal of a container is at least 5, then 10, then 20 seconds later than the one before
refusals_wait() {
	awk '/action=refuse container=runc:[ghi] / {
		split($3, t, ":")
		now = t[1] * 3600 + t[2] * 60 + t[3]
		match($0, /container=runc:[ghi]/)
		name = substr($0, RSTART, RLENGTH)
		# The log has whole seconds, and midnight may come.
		if (name in last && (now - last[name] + 86400) % 86400 < wait[name] - 1) early++
		last[name] = now
		wait[name] = wait[name] ? 2 * wait[name] : 5
	} END { exit early > 0 }' /run/messages
}

refused_again() {
	[ "$(count_logged 'action=refuse container=runc:[ghi] ')" -ge 4 ]
}

# reconfigure JQ_FILTER: until the daemon has read it
reconfigure() {
	local reloads
	reloads=$(count_logged 'action=reload ')
	configure "$1" && wait_for reloaded_times $((reloads + 1))
}

declare -A size_of
ok "nothing grows for the moment" reconfigure '.max_size = "64G"'
for name in g h i; do
	ok "container $name starts" container $name 512M
	ok "most of $name is allocated" fill $name 4000 350
done
mark=$(($(pool_percent) + 4))
ok "the mark is a little more than what is in use" reconfigure ".max_size = \"64G\" | .pool_guard.autogrow_data_percent = $mark |
	.autogrow = { max: \"8G\", cooldown: \"1s\", budget: \"100 per 10m\", min_step: \"64M\", by: \"10%\" }"
for name in g h i; do write_until_refused $name & writers+=($!); done
ok "the growths of all three are refused in the end" all_end "${writers[@]}"
like "the log says why" "$(cat /run/messages)" "action=refuse container=runc:g .*the limit is $mark %"
ok "the state of g says so" wait_for state_is g refused
note_sizes
ok "some of them grew before" test "$(count_logged 'action=grow container=runc:[ghi] ')" -gt 0
ok "they try again after a while" wait_for refused_again
is "in vain" "$(for name in g h i; do ! larger $name || echo $name; done)" ""
ok "the pool has not become much fuller than its mark" test "$(pool_percent)" -lt $((mark + 4))
is "nor out of space" "$(dmsetup status pool | grep -c out_of_data_space)" 0
ok "each refusal is one line, and waits longer than the one before" refusals_wait
ok "the pool is extended" extend_pool
for name in g h i; do
	ok "$name grows at once" wait_for larger $name
done
ok "the daemon stops" growd_down
ok "no process is stuck" wait_for not stuck
finish
