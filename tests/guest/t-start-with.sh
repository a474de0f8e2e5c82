#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# start_with: a container that gets a large disk does not wait for the growth of its filesystem; later steps finish it. A
# process that holds the daemon's lock stands in for the daemon, and heal --all makes the steps. With ext4 some of them are
# killed, and one meets a power cut.
# suites: trixie
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 300
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/growd.sh
. /src/tests/guest/growd.sh

D=pool-snap-7
M=/run/disk/$D
LEDGER=/var/lib/oci-thin-grow/ledger
LOCK=/run/oci-thin-grow/growd.lock
TIB=$((1024 * GIB))
POOL_GB=200
CONFIG=/etc/oci-thin-grow/config.d/start.json

fs_gib() {
	df -BG --output=size "/run/disk/${1:-$D}" | tail -n 1 | tr -dc 0-9
}

has_gib() {
	[ "$(fs_gib)" -ge "$1" ]
}

lock_is_held() {
	! flock -n "$LOCK" true
}

daemon_runs() {
	mkdir -p "${LOCK%/*}"
	setsid flock "$LOCK" sleep 10000 >/run/null 2>&1 </dev/null &
	daemon=$!
	wait_for lock_is_held
}

daemon_ends() {
	kill -- "-$daemon"
	wait "$daemon" 2>/run/null || true
	wait_for not lock_is_held
}

# starts NAME SIZE: a container on the disk NAME that requests SIZE, with the hook
starts() {
	spec "/run/bundle/$1" "/run/disk/$1" "$(ask "$2") | $(hook_at createRuntime) | .process.args = [\"sleep\", \"10000\"]" || return
	crun run --detach --bundle "/run/bundle/$1" "$1" >/run/crun.log 2>&1 </dev/null || ! cat /run/crun.log
}

ends() {
	crun delete --force "$1"
}

# start_of GIB WHEN: a container starts whose disk of 1 GiB gets so many; $took_ms: how long the hook took
start_of() {
	local name=pool-snap-$next_thin_id
	new_disk "$name" && starts "$name" "$1G" || return
	gib=$(fs_gib "$name")
	took_ms=$(sed -n "s/.*action=grow container=$name .* took_ms=//p" /run/messages)
	is "$2: the device of $1 GiB has its full length" "$(device_bytes "$name")" $(($1 * GIB))
	ends "$name" && drop_disk "$name" && rm "$LEDGER/$name" || return
	echo "$2: the hook takes $took_ms ms for $1 GiB" | diag
}

heal_all() {
	/usr/sbin/oci-thin-grow heal --all >/run/heal.out 2>&1
	local status=$?
	cat /run/heal.out
	return $status
}

entry() {
	cat $LEDGER/$D
}

doctor_json() {
	/usr/sbin/oci-thin-grow doctor --json | jq -r --arg device $D '.findings[] | select(.subject == $device) | "\(.severity) \(.id)"'
}

metric() {
	/usr/sbin/oci-thin-grow metrics | sed -n "s/^oci_thin_grow_$1 //p"
}

# list_state: the last column
list_state() {
	/usr/sbin/oci-thin-grow list | sed -n 's/^.*\b\(growing, .*\|stopped, .*\|unfinished\|running\|stopped\)$/\1/p'
}

ok "boot $PHASE: udev starts" start_udev
ok "boot $PHASE: syslog starts" start_syslog
ok "boot $PHASE: a disk for the ledger" data_up
mkdir -p /data/ledger /var/lib/oci-thin-grow $M
mount --bind /data/ledger /var/lib/oci-thin-grow
ok "boot $PHASE: a pool comes up" pool_up /host
echo '{ "start_with": "8G", "max_size": "2T" }' >$CONFIG

if [ "$PHASE" = 1 ]; then
	## The delay of a start

	next_thin_id=101
	for size in 10 100 1024; do
		ok "without the daemon: a container with $size GiB starts" start_of $size "without the daemon"
		ok "without the daemon: it has $size GiB" test "$gib" -ge $((size * 98 / 100))
	done
	all_ms=$took_ms
	ok "the daemon's lock is taken" daemon_runs
	for size in 10 100 1024; do
		ok "with the daemon: a container with $size GiB starts" start_of $size "with the daemon"
		like "with the daemon: its filesystem of $size GiB has 8 GiB" "$gib" '^[78]$'
	done
	ok "with the daemon the start with 1 TiB waits less than half as long" test $((2 * took_ms)) -lt "$all_ms"
	mv $CONFIG /run/start.json
	ok "without start_with a container with 100 GiB starts" start_of 100 "without start_with"
	ok "without start_with it has 100 GiB" test "$gib" -ge 98
	mv /run/start.json $CONFIG

	## What is left to the daemon

	next_thin_id=7
	ok "a disk is created" new_disk $D
	dd if=/dev/urandom of=$M/data bs=1M count=32 status=none
	sha256sum <$M/data >/host/sum
	sync -f $M
	ok "its container starts with 2 TiB" starts $D 2T
	like "the log has what grows later" "$(grep action=grow /run/messages | tail -n 1)" "fs_to=8[0-9]{9} fs_later=2199023255552 fs=$FS "
	like "the ledger has the full length" "$(entry)" "sectors=$((2 * TIB / 512)).*state=intended.*paused_sectors=167[0-9]{5}"
	is "list shows how far it is" "$(list_state)" "growing, 8 of 2,048 GiB"
	like "explain shows how far it is" "$(/usr/sbin/oci-thin-grow explain $D)" 'the filesystem has 8 of 2,048 GiB, and oci-thin-growd goes on in the background'
	is "doctor takes it as intended" "$(doctor_json)" "ok growth-in-background"
	is "metrics have it as a growth in the background" "$(metric background_growths) $(metric unfinished_growths)" "1 0"
	ok "the container is stopped" ends $D
	ok "the container starts again" starts $D 2T
	like "its filesystem has not grown meanwhile" "$(fs_gib)" '^[78]$'
	ok "the daemon's lock is free" daemon_ends
	is "without the daemon list shows a fault" "$(list_state)" "unfinished"
	is "without the daemon doctor warns" "$(doctor_json)" "warning growth-unfinished"
	is "without the daemon metrics have it as unfinished" "$(metric background_growths) $(metric unfinished_growths)" "0 1"

	if [ "$FS" = xfs ]; then
		ok "heal --all finishes the growth" heal_all
		ok "in one step" not grep -q action=step /run/messages
		ok "the filesystem has 2 TiB" has_gib 2000
		like "the ledger has the growth as finished" "$(entry)" 'state=done'
		is "the data is unchanged" "$(sha256sum <$M/data)" "$(cat /host/sum)"
		ok "the container is removed" ends $D
		ok "the disk is unmounted" umount $M
		ok "the disk mounts again" mount /dev/mapper/$D $M
		finish
	fi

	## Killed in the middle

	trouble=''
	for k in $(seq 4 3 31); do
		# 137: SIGKILL at the k-th ioctl
		strace -o /run/strace -e trace=ioctl -e "inject=ioctl:signal=KILL:when=$k" /usr/sbin/oci-thin-grow heal --all >/run/null 2>&1
		[ $? = 137 ] || trouble+=" $k: not killed;"
		entry | grep -q "^sectors=$((2 * TIB / 512))$" || trouble+=" $k: $(entry);"
		explain=$(/usr/sbin/oci-thin-grow explain $D) || trouble+=" $k: explain fails;"
		[[ $explain == *UNFINISHED* ]] || trouble+=" $k: $explain"
	done
	is "heal --all can be killed at each of its ioctls" "$trouble" ""
	like "the log has the steps" "$(grep -c 'action=step' /run/messages)" '^[2-9]'
	ok "it is not finished" not has_gib 1500
	is "the data is unchanged after the kill" "$(sha256sum <$M/data)" "$(cat /host/sum)"
	ok "the daemon's lock is taken again" daemon_runs
	# There is one processor: this shell must run in time to see the growth.
	chrt -f -p 1 $$
	goal=$(($(fs_gib) + 100))
	heal_all &
	ok "more steps are made" wait_for has_gib $goal
	echo $goal >/host/goal
	# The growth must not finish before the power is cut.
	dmsetup suspend --nolockfs $D
	next_boot_after_cut 0
	await_cut
fi

like "the ledger has the growth as unfinished" "$(entry)" "sectors=$((2 * TIB / 512)).*state=intended"
ok "the device is re-created at its original size" thin_on $D 7 1G
is "heal extends the device to its full length" "$(device_bytes $D)" $((2 * TIB))
ok "the disk mounts" mount /dev/mapper/$D $M
ok "the filesystem has what was finished before" has_gib $(($(cat /host/goal) - 100))
ok "the daemon's lock is taken" daemon_runs
ok "the container starts" starts $D 2T
is "the data is unchanged" "$(sha256sum <$M/data)" "$(cat /host/sum)"
if ! heal_all; then
	like "ext4 may have been cut short: heal --all says what to do" "$(cat /run/heal.out)" 'stop and start the container'
	ok "the container is stopped" ends $D
	umount $M
	mount /dev/mapper/$D $M
	ok "the container starts once more" starts $D 2T
fi
ok "the daemon's lock is free" daemon_ends
ok "the container is stopped for the last time" ends $D
ok "without the daemon a start finishes the growth" starts $D 2T
ok "the filesystem has 2 TiB" has_gib 2000
like "the ledger has the growth as finished" "$(entry)" 'state=done'
is "list shows the container as running" "$(list_state)" "running"
is "the data is unchanged at the end" "$(sha256sum <$M/data)" "$(cat /host/sum)"
ok "the container is removed" ends $D
ok "the disk is unmounted at the end" umount $M
ok "the filesystem check finds no error" e2fsck -fn /dev/mapper/$D

## Another program makes the step meanwhile

D=pool-snap-9
next_thin_id=9
ok "a third disk is created" new_disk $D
ok "the daemon's lock is taken for it" daemon_runs
ok "its container starts with 300 GiB" starts $D 300G
ok "the daemon's lock is free for it" daemon_ends
exec 9>>"/run/oci-thin-grow/$(dmsetup info -c --noheadings -o major,minor --separator : $D).lock"
flock 9
heal_all 9>&- &
healer=$!
ok "heal --all waits for the lock" wait_for grep -q -- '-> FLOCK' /proc/locks
ok "resize2fs grows the filesystem to 100 GiB" resize2fs /dev/mapper/$D 100G
flock -u 9
ok "heal --all succeeds" wait $healer
ok "heal --all made the further steps" has_gib 290
ok "the third container is removed" ends $D
ok "the third disk is unmounted" drop_disk $D

## The daemon itself

D=pool-snap-8
next_thin_id=8
ok "another disk is created" new_disk $D
ok "oci-thin-growd starts" growd_up
ok "a container starts with 2 TiB" starts $D 2T
ok "the daemon is killed" kill -KILL "$growd_pid"
wait "$growd_pid" 2>/run/null || true
ok "its lock is free" wait_for not lock_is_held
like "its growth is unfinished" "$(entry)" 'state=intended'
ok "oci-thin-growd starts again" growd_up
ok "it finishes the growth" wait_for grep -q state=done $LEDGER/$D
ok "the filesystem of the other disk has 2 TiB" has_gib 2000
like "the log has its steps" "$(grep -c "action=step device=$D" /run/messages)" '^[1-9]'
ok "the container is removed while the daemon runs" ends $D
ok "its disk is unmounted" drop_watched $D
ok "the daemon stops" growd_down
finish
