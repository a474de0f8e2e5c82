#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shim wrapper: containers whose device is given to a virtual machine, as ctr starts them.
# kernel: bookworm:forky
# suites: bookworm trixie forky
# matrix: bookworm:FS=xfs trixie:FS=ext4 forky:FS=xfs
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

no_shim() {
	! pgrep -f -- "-id $1 "
}

## The real shim alone, to compare with

ok "alone: is created" vm_create alone $BARE
M=$(vm_device alone)
[ "$FS" != ext4 ] || mounts_before=$(mounts_of "$M")
ok "alone: starts, and no mount shows on the host" watched alone
udevadm settle
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
is "plain: no database is opened, and no device looked at" "$(grep -E 'open.*\.db|/dev/(mapper|dm-)' /run/strace.ours)" ""
is "plain: its note is not waited for" "$(tac /run/strace.ours | sed '/started\/default:plain/q' | grep sync)" ""
ok "plain: there is a shim" pkill -f -- '-id plain '
ok "plain: that shim ends" wait_for no_shim plain
ok "plain: starts, and no mount shows on the host" watched plain
is "plain: the machine got 1 GiB" "$(vm_saw plain)" $GIB
like "plain: the workload has it" "$(vm_df plain)" "$MIB_1G"
ok "plain: open as often as without us" wait_for opens_are "$D" "$alone_opens"
is "plain: not a word" "$(grep oci-thin-grow /run/messages)" ""
ok "plain: ends" vm_stop plain
mounted_by_us plain 0

## 4G

ok "four: is created" vm_create four $OURS "$(asking 4G)"
D=$(vm_device four)
ok "four: starts, and no mount shows on the host" watched four
is "four: the machine got 4 GiB" "$(vm_saw four)" $((4 * GIB))
like "four: the workload has them" "$(vm_df four)" "$MIB_4G"
ok "four: open as often as without us" wait_for opens_are "$D" "$alone_opens"
like "four: the log" "$(grep oci-thin-grow /run/messages)" \
	"action=grow container=four engine=containerd device=$D from=1073741824 to=4294967296 .*fs=$FS source=annotation:io.oci-thin-grow.size"
ok "four: it writes" ctr task exec --exec-id w four sh -c 'dd if=/dev/zero of=/data bs=1M count=8 && sync'
like "four: explain says where it runs" "$(/usr/sbin/oci-thin-grow explain four)" '^container +containerd:four, in a VM'
ok "four: ends" vm_stop four
is "four: after its end only the guest can grow it" "$(/usr/sbin/oci-thin-grow grow four 8G 2>&1)" \
	'oci-thin-grow: containerd:four was given to a virtual machine: only its guest can grow the filesystem'
mounted_by_us four 1
ok "four: is clean" is_clean "$D"
ok "four: closed" wait_for is_closed "$D"
ok "four: starts again" vm_start four
is "four, again: the machine got 4 GiB" "$(vm_saw four)" $((4 * GIB))
like "four, again: the workload has them" "$(vm_df four)" "$MIB_4G"
ok "four, again: ends" vm_stop four
[ "$FS" != ext4 ] || is "four, again: mounted by the machine only" \
	$(($(mounts_of "$D") - mounts_before - 2 * alone_mounts)) 1
ok "four, again: is clean" is_clean "$D"
mkdir -p /etc/oci-thin-grow
echo '{ "max_size": "2G" }' >/etc/oci-thin-grow/config.json
ok "four, under a lower limit: starts" vm_start four
is "four, under a lower limit: the machine got 4 GiB" "$(vm_saw four)" $((4 * GIB))
like "four, under a lower limit: the log warns" "$(tail -n 1 /run/messages)" 'action=keep container=four .*max_size is 2 GiB'
ok "four, under a lower limit: ends" vm_stop four

## What a guest may have written is not mounted

# A tenant may write annotations.
ok "says that it is a pod's: is created" vm_create claims $OURS --annotation=io.kubernetes.cri.container-type=container
ok "says that it is a pod's: starts" vm_start claims
ok "says that it is a pod's: ends" vm_stop claims

echo '{ "default_size": "3G" }' >/etc/oci-thin-grow/config.json
: >/run/messages
D=$(vm_device plain)
ok "started before: there is a note" test -L /var/lib/oci-thin-grow/started/default:plain
ok "started before: starts" vm_start plain
is "started before: the machine got 3 GiB" "$(vm_saw plain)" $((3 * GIB))
like "started before: its filesystem is the guest's to grow" "$(vm_df plain)" "$MIB_1G"
like "started before: the log" "$(grep oci-thin-grow /run/messages)" \
	"action=grow container=plain .*device=$D from=1073741824 to=3221225472 source=default requested=3221225472 warning=\"only the device has grown, and the guest must grow its filesystem: it was started before\""
ok "started before: ends" vm_stop plain
: >/run/messages
ok "says that it is a pod's: starts again" vm_start claims
like "says that it is a pod's: the log" "$(grep oci-thin-grow /run/messages)" \
	'action=grow container=claims .*the guest must grow its filesystem: it was started before'
ok "says that it is a pod's: ends again" vm_stop claims
ok "says that it is a pod's: is removed" ctr container rm claims
ok "of another runtime: starts" vm_start alone
is "of another runtime: is the real shim's alone" "$(vm_saw alone)" $GIB
ok "of another runtime: ends" vm_stop alone
rm /etc/oci-thin-grow/config.json
ok "heal --all keeps the note" /usr/sbin/oci-thin-grow heal --all
ok "heal --all: it is there" test -L /var/lib/oci-thin-grow/started/default:plain
ok "a container is removed" ctr container rm plain
ok "heal --all removes its note" /usr/sbin/oci-thin-grow heal --all
ok "heal --all: it is gone" not test -L /var/lib/oci-thin-grow/started/default:plain

# refused ID SIZE REASON [COMMAND]: a container that COMMAND changes first. ctr shows the reason, and nothing is left that runs.
refused() {
	local id=$1 size=$2 reason=$3 change=${4:-} device
	ok "$id: is created" vm_create "$id" $OURS "$(asking "$size")"
	device=$(vm_device "$id")
	[ -z "$change" ] || ok "$id: is changed" "$change" "$device"
	ok "$id: does not start" not vm_start "$id"
	like "$id: ctr says why" "$(cat /run/err)" "$reason"
	is "$id: nothing has changed" "$(device_bytes "$device")" $GIB
	ok "$id: nobody has it open" wait_for is_closed "$device"
	mounted_by_us_before "$id"
	ok "$id: no shim is left" wait_for no_shim "$id"
	ok "$id: no bundle is left" not test -e "/run/containerd/io.containerd.runtime.v2.task/default/$id"
	ok "$id: there is no task" not ctr task kill "$id"
}

mounted_by_us_before() {
	[ "$FS" = ext4 ] || return 0
	is "$1: never mounted" "$(mounts_of "$(vm_device "$1")")" "$mounts_before"
}

# impostor DEVICE: a snapshot of it has its name
impostor() {
	thin_snap impostor 900 "$1" && dmsetup remove --retry "$1" && dmsetup rename impostor "$1"
}

refused much 2T 'cannot have 2 TiB .*max_size is 1 TiB'
refused bad 4X '4X.* is not a size'
refused changed 4G 'is not the one that containerd made for the container' impostor

## Starts that go on although nothing was grown are noted before the guest can write

echo '{ "shims": { "stub": "/bin/true" }, "on_failure": { "request": "warn" } }' >/etc/oci-thin-grow/config.json

# changed_start ID COMMAND...: COMMAND changes config.json first
changed_start() {
	bundle_up "$1" && "${@:2}" "$bundle/config.json" || return
	(cd "$bundle" && $SHIM -namespace default -id "$1" start) </dev/null
}

ok "warned: is created" vm_create warned $OURS "$(asking 2T)"
ok "warned: starts" by_hand warned strace -o /run/strace
like "warned: its note is on the disk before that" "$(grep -A 2 'symlink(.*started/default:warned' /run/strace)" 'fsync\([0-9]+\) += 0'
ok "unreadable: is created" vm_create unreadable $OURS
ok "unreadable: its shim starts" changed_start unreadable truncate -s 1
ok "unreadable: there is a note" test -L /var/lib/oci-thin-grow/started/default:unreadable
: >/run/messages
ok "no container, as with sandboxer \"shim\": starts" changed_start bad rm
ok "no container: there is no note" not test -L /var/lib/oci-thin-grow/started/default:bad
is "no container: not a word" "$(grep oci-thin-grow /run/messages)" ""
rm /etc/oci-thin-grow/config.json

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

## Hooks that a virtual machine's runtime calls on the host: the state has its own pid, and no status

# hooked ID [OPTION...]: a container of another shim's, and its bundle
hooked() {
	local id=$1
	shift
	vm_create "$id" "$BARE" "$(asking 4G)" "$@" && bundle_up "$id"
}

call_hook() {
	jq -nc --arg id "$1" --arg bundle "$bundle" --argjson pid $$ '{ $id, $bundle, $pid }' |
		/usr/sbin/oci-thin-grow hook >/run/out 2>/run/err
}

: >/run/messages
export CONTAINERD_NAMESPACE=k8s.io
ok "hook of a pod's container: CRI has the image" image_import local/bb /t/oci.tar
ok "hook of a pod's container: is created" hooked pods --annotation=io.kubernetes.cri.container-type=container
D=$(vm_device pods)
ok "hook of a pod's container: succeeds" call_hook pods
is "hook of a pod's container: the device has 4 GiB" "$(device_bytes "$D")" $((4 * GIB))
ok "hook of a pod's container: the filesystem fills it" fs_fills "$D" $((4 * GIB))
like "hook of a pod's container: the device is marked" "$(cat "/var/lib/oci-thin-grow/ledger/$D")" $'\nvm=1\n'
unset CONTAINERD_NAMESPACE
ok "hook of ctr's container: is created" hooked ctrs
D=$(vm_device ctrs)
before=$(fs_bytes "$D")
ok "hook of ctr's container: succeeds" call_hook ctrs
is "hook of ctr's container: the device has 4 GiB" "$(device_bytes "$D")" $((4 * GIB))
is "hook of ctr's container: the filesystem is the guest's to grow" "$(fs_bytes "$D")" "$before"
like "hook of ctr's container: the log says why" "$(cat /run/messages)" \
	"container=ctrs .*the guest must grow its filesystem: it may have been started before without oci-thin-grow"
exec 7<>"/dev/mapper/$D"
ok "hook after the shim: succeeds" call_hook ctrs
exec 7>&-
is "hook after the shim: nothing is too late" "$(grep 'too late' /run/messages)" ""
ok "hook, too late: is created" hooked late
D=$(vm_device late)
exec 7<>"/dev/mapper/$D"
ok "hook, too late: succeeds" call_hook late
exec 7>&-
is "hook, too late: nothing has changed" "$(device_bytes "$D")" $GIB
like "hook, too late: the log says so" "$(cat /run/messages)" 'action=skip container=late .*too late: '
ok "hook, mounted on the host as well: is created" hooked twice
D=$(vm_device twice)
mount -o "$([ "$FS" = xfs ] && echo nouuid || echo rw)" "/dev/mapper/$D" "$bundle/rootfs"
ok "hook, mounted on the host as well: is refused" not call_hook twice
like "hook, mounted on the host as well: it says why" "$(cat /run/err)" 'its disk is mounted here, and a virtual machine has or gets'
umount "$bundle/rootfs"
is "hook, mounted on the host as well: nothing has changed" "$(device_bytes "$D")" $GIB

## Ten at once, each its own size, while others write to the databases

churn() {
	local i=0 key parent
	parent=$(ctr snapshot --snapshotter devmapper ls | awk '$3 == "Committed" { print $1; exit }')
	until [ -e /run/churn.stop ]; do
		i=$((i + 1)) key=churn$((i % 4))
		ctr snapshot --snapshotter devmapper prepare $key "$parent"
		[ -e /run/churn.on ] || : >/run/churn.on
		ctr snapshot --snapshotter devmapper rm $key
	done
}

many_created() {
	local i
	for i in {2..11}; do
		vm_create "many$i" "$OURS" "$(asking "${i}G")" || return
	done
}

# many_start: all at once
many_start() {
	local i start starts=() status=0
	for i in {2..11}; do
		timeout 600 ctr task start -d --null-io "many$i" &
		starts+=($!)
	done
	for start in "${starts[@]}"; do
		wait "$start" || status=1
	done
	return "$status"
}

ok "many: are created" many_created
churn >/run/churn.log 2>&1 &
churner=$!
ok "many: others make and remove snapshots" wait_for test -e /run/churn.on
ok "many: start at once" many_start
: >/run/churn.stop
wait $churner
expected='' found=''
for i in {2..11}; do
	expected+="many$i $((i * GIB)) $((i * GIB)) "
	found+="many$i $(vm_saw "many$i") $(device_bytes "$(vm_device "many$i")") "
done
is "many: each machine got its own size" "$found" "$expected"
is "many: no other device has grown" "$(dmsetup table --target thin | awk '$3 != 2097152' | wc -l)" $((11 + 2))
finish
