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

# written NAME MIB: really written, because the guard looks at the pool
written() {
	dd if=/dev/zero of="/run/disk/$1/written" bs=1M count="$2" status=none && sync -f "/run/disk/$1"
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
ok "the frozen filesystem is thawed" fsfreeze -u /run/disk/a
ok "a has grown" wait_for grew a 1

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
size=$(($(device_bytes c) / GIB))
ok "c is full" fill c 4000 $((size * 900)) 1500
ok "c is removed" gone c
ok "container e starts, and may not grow" container e 1G "$(max 1G)"
is "e has the number of c" "$(dmsetup info -c --noheadings -o major,minor e)" "$number"
kill -CONT "$growd_pid"
ok "the daemon has seen e" wait_for uses e 0
ok "e fills up" fill e 4000 800
ok "that is known" wait_for uses e 800
is "e has not grown" "$(device_bytes e)" $GIB
ok "nothing failed" not logged 'action=fail'

## A pool at its mark, with three writers

configure '.max_size = "64G" | .autogrow.max = "8G" | .autogrow.cooldown = "1s" | .pool_guard.autogrow_data_percent = 10'
ok "the mark is 10 % of the pool" wait_for logged 'action=reload '
before="$(device_bytes a) $(device_bytes b) $(device_bytes e)"
for name in a b e; do
	rm -f /run/disk/$name/fill
	ok "$name writes 400 MiB" written $name 400
done
ok "f starts" container f 1G
ok "f fills up" fill f 4000 800
ok "its growth is refused" wait_for logged 'action=refuse container=runc:f .*the limit is 10 %'
is "f has not grown" "$(device_bytes f)" $GIB
ok "its state says so" wait_for state_is f refused
is "none of the others has" "$(device_bytes a) $(device_bytes b) $(device_bytes e)" "$before"
ok "the pool is extended" extend_pool
ok "f grows at once" wait_for grew f 1
ok "the daemon stops" growd_down
ok "no process is stuck" not stuck
finish
