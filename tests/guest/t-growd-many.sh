#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many containers: those that start and stop leave nothing behind in the daemon and are not missed, and those that are idle
# cost little. SOAK.md has what an hour costs.
# suites: trixie
# matrix: N=40,IDLE=20
# soak: N=400,IDLE=200
# limit: 200
# soak-limit: 7200
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/growd.sh
. /src/tests/guest/growd.sh

CHURN=10
WATCH=10
if [ -n "${SOAK:-}" ]; then
	CHURN=600
	WATCH=3600
fi

# disk_of NUMBER: a small container's disk; its filesystem is a copy of the first one's, and does not fill the pool, which is
# in memory, with inode tables of its own
disk_of() {
	mkdir -p "/run/disk/$1" && dmsetup message pool 0 "create_snap $1 0" && thin_on "pool-snap-$1" "$1" 256M &&
		mount -o noinit_itable "/dev/mapper/pool-snap-$1" "/run/disk/$1"
}

# As engines do, it tries again while somebody looks at the disk.
drop() {
	wait_for umount "/run/disk/$1" && dmsetup remove --retry "pool-snap-$1" && dmsetup message pool 0 "delete $1"
}

# failed: the output of a step that should have succeeded
failed() {
	bad=$((bad + 1))
	[ $bad -gt 3 ] || diag </run/churn.log
}

# number FIELD: of the daemon's status in /proc
number() {
	# shellcheck disable=SC2154
	awk -v field="$1:" '$1 == field { print $2 }' "/proc/$growd_pid/status"
}

# descriptors: while it sleeps, as it opens some while it works
descriptors() {
	local n woken=''
	until [ "$(number State) $(wakeups)" = "S $woken" ]; do
		woken=$(wakeups)
		n=$(find "/proc/$growd_pid/fd" -mindepth 1 | wc -l)
	done
	echo "$n"
}

# has_descriptors N: for wait_for, as a search for owners may be running
has_descriptors() {
	[ "$(descriptors)" = "$1" ]
}

has_one_child() {
	[ "$(wc -w <"/proc/$growd_pid/task/$growd_pid/children")" = 1 ]
}

# cpu_ms: of the daemon, and of its children that have ended
cpu_ms() {
	local stat
	stat=$(<"/proc/$growd_pid/stat")
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	echo $(((${12} + ${13} + ${14} + ${15}) * 10))
}

wakeups() {
	number voluntary_ctxt_switches
}

watches() {
	jq '[.filesystems[] | select(.state != "left")] | length' /run/oci-thin-grow/growd.json
}

watches_n() {
	[ "$(watches)" = "$1" ]
}

ok "syslog runs" start_syslog
ok "a pool comes up" pool_up
configure '.max_size = "64G" | .autogrow.max = "1G" | .autogrow.min_step = "256M" | .autogrow.max_step = "1G"'
ok "the daemon starts" growd_up
ok "a first disk" thin_new origin 0 256M
ok "its filesystem" mkfs_on ext4 /dev/mapper/origin
ok "it is mounted" mount /dev/mapper/origin /mnt
ok "it has a program" busybox_rootfs /mnt
umount /mnt
dmsetup remove --retry origin

before="$(number VmRSS) $(descriptors)" rest=$(descriptors)

## N containers that start and stop

from=$SECONDS rounds=0 bad=0
while [ $((SECONDS - from)) -lt $CHURN ]; do
	for ((i = 1; i <= N; i++)); do
		disk_of $i >/run/churn.log 2>&1 || failed
		[ $((SECONDS - from)) -lt $CHURN ] || break
		# Half of them live on while the next ones start.
		[ $((i % 2)) = 0 ] || drop $i >/run/churn.log 2>&1 || failed
	done
	for i in /run/disk/*/; do
		! mountpoint -q "$i" || drop "$(basename "$i")" >/run/churn.log 2>&1 || failed
	done
	rounds=$((rounds + 1))
done
is "all of them started and stopped" $bad 0
ok "the daemon watches nothing" wait_for watches_n 0
after="$(number VmRSS) $(descriptors)"
figure "$rounds rounds of $N containers that start and stop: RSS in KiB and descriptors $before before, $after after"
ok "no descriptor is left" wait_for has_descriptors "$rest"
ok "its memory is as before" test "${after% *}" -le $((${before% *} + 1024))
ok "no child is left but the one that looks" wait_for has_one_child

## Idle ones

for ((i = 1; i <= IDLE; i++)); do
	{ disk_of $i && start_container "$i"; } >/run/churn.log 2>&1 || failed
done
is "$IDLE containers run" $bad 0
ok "the daemon knows all of them" wait_for watches_n "$IDLE"
before="$(number VmRSS) $(descriptors)" cpu=$(cpu_ms) woken=$(wakeups) from=${EPOCHREALTIME/[.,]/}
sleep $WATCH
ms=$(((${EPOCHREALTIME/[.,]/} - from) / 1000)) cpu=$(($(cpu_ms) - cpu)) woken=$(($(wakeups) - woken))
after="$(number VmRSS) $(descriptors)"
figure "$IDLE idle containers for $((ms / 1000)) s: RSS in KiB and descriptors $before at first, $after at last; $cpu ms of processor time, $woken wakeups"
ok "no descriptor is added" wait_for has_descriptors "$rest"
ok "its memory is as before" test "${after% *}" -le $((${before% *} + 1024))
ok "it takes less than 5 % of a processor" test $((cpu * 20)) -lt $ms
ok "the daemon stops" growd_down
finish
