#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# XFS after a growth: a power cut when blocks of the new groups are in use leaves a disk that mounts at the first attempt.
# If the growth is not settled first, Linux 6.1 checks the replayed blocks against the old size, and the mount fails.
# suites: bookworm trixie
# matrix: FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

D=pool-snap-7
M=/run/disk/$D

# XFS puts each new directory into another allocation group.
write_everywhere() {
	local i
	for i in $(seq 32); do
		mkdir "$M/$i" || return
		dd if=/dev/urandom of="$M/$i/data" bs=1M count=4 conv=fsync status=none || return
	done
	(cd "$M" && sha256sum -- */data) >/host/sums
}

groups() {
	xfs_info $M | sed -n 's/.*agcount=\([0-9]*\),.*/\1/p'
}

highest_group() {
	xfs_bmap -v $M/*/data | awk '$1 ~ /^[0-9]+:$/ && $4 + 0 > top { top = $4 + 0 } END { print top + 0 }'
}

ok "boot $PHASE: udev starts" start_udev
ok "boot $PHASE: syslog starts" start_syslog
ok "boot $PHASE: a disk for the ledger" data_up
mkdir -p /data/ledger /var/lib/oci-thin-grow $M
mount --bind /data/ledger /var/lib/oci-thin-grow
ok "boot $PHASE: a pool comes up" pool_up /host

if [ "$PHASE" = 1 ]; then
	next_thin_id=7
	ok "a disk is created" new_disk $D
	sync -f $M
	old=$(groups)
	ok "the disk grows" grow_disk $D 8G
	ok "files are written" write_everywhere
	ok "files are in the new allocation groups, too" test "$(highest_group)" -ge "$old"
	next_boot_after_cut 0
	await_cut
fi

ok "the device is re-created at its original size" thin_on $D 7 1G
is "heal extends the device" "$(device_bytes $D)" $((8 * GIB))
ok "the disk mounts at the first attempt" mount /dev/mapper/$D $M
like "the filesystem has 8 GiB" "$(df -m --output=size $M | tail -n 1)" '^ *8[01][0-9][0-9]$'
ok "the files are unchanged" sh -c "cd $M && sha256sum --quiet -c /host/sums"
ok "the disk is unmounted" umount $M
ok "the filesystem check finds no error" xfs_repair -n /dev/mapper/$D
finish
