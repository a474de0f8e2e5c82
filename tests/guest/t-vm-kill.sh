#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shim wrapper, killed at its system calls while it starts a container: the next start finishes, and nothing is left.
# suites: trixie forky
# matrix: trixie:FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 300
# soak-limit: 3600
# drivers: vm-shim
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/vm.sh
. /src/tests/guest/vm.sh

LEDGER=/var/lib/oci-thin-grow/ledger

# Some that change something or could wait, the first and the last time. In the long form all calls, each time.
if [ -n "${SOAK:-}" ]; then
	CALLS='' MOST=10000
else
	CALLS='ioctl flock symlinkat fsync renameat fsconfig fsmount' MOST=2
fi

# The wrapper becomes this, which starts nothing.
no_shim() {
	printf '#!/bin/sh\nexit 0\n' >/run/no-shim && chmod 755 /run/no-shim && mkdir -p /etc/oci-thin-grow/config.d &&
		echo '{ "shims": { "stub": "/run/no-shim" } }' >/etc/oci-thin-grow/config.d/shim.json
}

# first_start ID COMMAND...: as if it were the host's first one
first_start() {
	local id=$1
	shift
	rm -rf /var/lib/oci-thin-grow/shim-stub /var/lib/oci-thin-grow/roots
	by_hand "$id" "$@"
}

# A start that is not killed. How often it makes each call: CALL COUNT, a line each
count_calls() {
	# The first one creates the ledger's directory.
	vm_create first "$OURS" "$(asking 4G)" && first_start first env && vm_create counted "$OURS" "$(asking 4G)" && first_start counted strace -o /run/counted || return
	[ "$(device_bytes "$(vm_device counted)")" = $((4 * GIB)) ] || return
	# what precedes is of strace, what follows of the shim
	awk -F '(' '/^execve/ && n++ { exit } { count[$1]++ } END { for (call in count) print call, count[call] }' /run/counted |
		grep -E '^[a-z0-9_]+ [0-9]+$' | grep -v -e ^execve -e ^exit >/run/calls
}

# spread COUNT: at most MOST of the numbers from 1 to COUNT, the first and the last among them
spread() {
	local i
	if [ "$1" -le "$MOST" ]; then
		seq "$1"
	else
		for ((i = 0; i < MOST; i++)); do
			echo $((1 + i * ($1 - 1) / (MOST - 1)))
		done
	fi
}

# grown DEVICE: to the end, and clean
grown() {
	[ "$(device_bytes "$1")" = $((4 * GIB)) ] && fs_fills "$1" $((4 * GIB)) && is_clean "$1"
}

# killed_at CALL N: the start of a container is killed at its N-th CALL. Says what is wrong then, or after the next start.
killed_at() {
	local call=$1 n=$2 id=k-$1-$2 device mounts mounted
	vm_create "$id" "$OURS" "$(asking 4G)" >/run/out || echo "not created"
	device=$(vm_device "$id")
	mounts=$(mounts_of "$device")
	if first_start "$id" strace -o /run/killed -e "inject=$call:signal=KILL:when=$n" >/run/out 2>&1; then
		# How often it looks while it waits varies.
		[ "$n" -gt 1 ] || echo "not killed"
	else
		grep -q '^+++ killed by SIGKILL' /run/killed || echo "not killed by SIGKILL"
	fi
	wait_for is_closed "$device" || echo "open after the kill"
	[ -z "$(in_mount_tables "$device")" ] || echo "in a mount table after the kill"
	! is_suspended "$device" || echo "suspended"
	is_clean "$device" >/run/out 2>&1 || echo "not clean after the kill"
	# It mounts it once. So does the next start, unless it finds the mark.
	mounted=$(grep -c 'FSCONFIG_CMD_CREATE.* = 0$' /run/killed)
	grep -qsx vm=1 "$LEDGER/$device" || mounted=$((mounted + 1))
	by_hand "$id" env >/run/out 2>&1 || echo "the next start fails: $(cat /run/out)"
	wait_for is_closed "$device" || echo "open after the next start"
	[ -z "$(in_mount_tables "$device")" ] || echo "in a mount table after the next start"
	grown "$device" >/run/out 2>&1 || echo "not grown, or not clean: $(device_bytes "$device"), $(cat /run/out)"
	grep -qsx vm=1 "$LEDGER/$device" || echo "not marked"
	[ "$FS" != ext4 ] || [ $(($(mounts_of "$device") - mounts)) = "$mounted" ] ||
		echo "mounted by the host $(($(mounts_of "$device") - mounts)) times, not $mounted"
	mounts=$(mounts_of "$device")
	by_hand "$id" env >/run/out 2>&1 || echo "the start after it fails"
	[ "$(mounts_of "$device")" = "$mounts" ] || echo "mounted again by the start after it"
	ctr container rm "$id" || echo "not removed"
}

killed_everywhere() {
	local call count n found
	while read -r call count; do
		[ -z "$CALLS" ] || [[ " $CALLS " == *" $call "* ]] || continue
		found=''
		for n in $(spread "$count"); do
			found+=$(killed_at "$call" "$n" </dev/null | sed "s/^/$call $n: /")
		done
		is "killed at $call, which it calls $count times: the next start finishes, and nothing is left" "$found" ""
	done </run/calls
}

# cut_short ID: killed with the growth in the ledger, in an earlier boot
cut_short() {
	local boot_id=/proc/sys/kernel/random/boot_id n
	n=$(awk '/^fsync/ { n++ } /^renameat.*pool-snap/ { print n + 1; exit }' /run/counted)
	vm_create "$1" "$OURS" "$(asking 4G)" && echo 01234567-89ab-cdef-0123-456789abcdef >/run/boot_id &&
		mount --bind /run/boot_id "$boot_id" || return
	first_start "$1" strace -o /run/killed -e "inject=fsync:signal=KILL:when=$n"
	umount "$boot_id" && grep -x state=intended "$LEDGER/$(vm_device "$1")"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "the shims are installed" shims_up
ok "a pool comes up" pool_up
ok "containerd starts" containerd_up
ok "an OCI image is built" oci_layout /t/oci.tar
ok "the image is imported" image_import local/bb /t/oci.tar
ok "a configuration whose shim starts nothing" no_shim
ok "a start that is not killed grows" count_calls
for call in $CALLS; do
	ok "it calls $call" grep -q "^$call " /run/calls
done
ok "killed in a growth, before a reboot" cut_short cut
ok "killed in a growth, before a reboot: the next start succeeds" by_hand cut env
ok "killed in a growth, before a reboot: it is grown, and clean" grown "$(vm_device cut)"
killed_everywhere
finish
