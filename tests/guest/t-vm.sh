#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shim wrapper: containers whose device is given to a virtual machine, as ctr starts them.
# suites: trixie forky
# matrix: trixie:FS=ext4 forky:FS=xfs
# soak: FS=ext4 FS=xfs
# limit: 600
# drivers: vm-shim
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/vm.sh
. /src/tests/guest/vm.sh

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "the shims are installed" shims_up
ok "containerd starts" containerd_up
ok "an image is made" oci_layout /t/oci.tar
ok "it imports" image_import local/bb /t/oci.tar

# marker DIR: a mount that the watcher must have seen
marker() {
	mkdir -p "$1" && mount -t tmpfs marker "$1" && wait_for grep -q "$1" /run/mounts && umount "$1"
}

# watched ID: the container starts, and the host's mount table has nothing of its device
watched() {
	local watcher status=0
	findmnt --poll -n >/run/mounts 2>&1 &
	watcher=$!
	# A first mount may be before the watcher looks for the first time.
	wait_for marker_seen || status=1
	vm_start "$1" || status=1
	marker /run/marker-after || status=1
	kill "$watcher"
	[ "$status" = 0 ] || return
	! grep "$(vm_device "$1")" /run/mounts
}

marker_seen() {
	mkdir -p /run/marker-before && mount -t tmpfs marker /run/marker-before && umount /run/marker-before &&
		grep -q /run/marker-before /run/mounts
}

## The real shim alone, to compare with

ok "alone: is created" vm_create alone $BARE
M=$(vm_device alone)
[ "$FS" != ext4 ] || mounts_before=$(mounts_of "$M")
ok "alone: starts, and no mount shows on the host" watched alone
alone_opens=$(opens_of "$M")
ok "alone: ends" vm_stop alone
[ "$FS" != ext4 ] || alone_mounts=$(($(mounts_of "$M") - mounts_before))

# mounted_by_us ID TIMES: besides what the engine and the machine did
mounted_by_us() {
	[ "$FS" = ext4 ] || return 0
	is "$1: mounted by the host $2 times" $(($(mounts_of "$(vm_device "$1")") - mounts_before - alone_mounts)) "$2"
}

## Nothing asked

ok "plain: is created" vm_create plain $OURS
D=$(vm_device plain)
ok "plain: the wrapper by hand" by_hand plain strace -o /run/strace
shim_of_strace=$(grep -n "execve(\"$REAL_SHIM\"" /run/strace | head -n 1 | cut -d : -f 1)
isnt "plain: it becomes the real shim" "$shim_of_strace" ""
head -n "${shim_of_strace:-0}" /run/strace >/run/strace.ours
is "plain: no ioctl, no lock, no child, no log" "$(grep -E 'ioctl\(|flock\(|clone|fork\(|/dev/log' /run/strace.ours)" ""
is "plain: no database, no device" "$(grep -E 'meta(data)?\.db|/dev/(mapper|dm-)' /run/strace.ours)" ""
ok "plain: that shim ends" pkill -f -- '-id plain '
ok "plain: starts, and no mount shows on the host" watched plain
is "plain: the machine got 1 GiB" "$(vm_saw plain)" $GIB
like "plain: the workload has it" "$(vm_df plain)" "$MIB_1G"
is "plain: open as often as without us" "$(opens_of "$D")" "$alone_opens"
is "plain: not a word" "$(grep oci-thin-grow /run/messages)" ""
ok "plain: ends" vm_stop plain
mounted_by_us plain 0

## The other verbs are the real shim's

# same TEXT ARG...: both shims, with /run/stdin
same() {
	local text=$1 status=0 theirs=0
	shift
	$REAL_SHIM "$@" </run/stdin >/run/theirs 2>/run/theirs.err || theirs=$?
	$SHIM "$@" </run/stdin >/run/ours 2>/run/ours.err || status=$?
	is "$text: status" $status $theirs
	ok "$text: output" cmp /run/ours /run/theirs
	ok "$text: errors" cmp /run/ours.err /run/theirs.err
}

printf '\012\003abc' >/run/stdin
mkdir -p /run/bundle/none
cd /run/bundle/none || exit
for verb in delete "-debug delete" -info -v ""; do
	# shellcheck disable=SC2086
	same "${verb:-nothing}" -namespace default -id gone -address /run/a.sock -bundle /run/bundle/none $verb
done
same "a container called start" -namespace default -id start -bundle /run/bundle/none delete
same "no namespace" start
cd /

finish
