#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 1 GiB to 1 TiB on a pool of 20 GiB: progress is shown, Ctrl-C leaves the filesystem intact, the same command continues.
# suites: bookworm trixie
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

M=/run/disk/disk
TIB=$((1024 * GIB))

fs_gib() {
	df -BG --output=size $M | tail -n 1 | tr -dc 0-9
}

# on_terminal SIZE: `grow` on a pseudo-terminal of its own; its output in /run/typescript
on_terminal() {
	script -qefc "/usr/sbin/oci-thin-grow grow --path $M $1" /run/typescript </dev/null >/run/null
}

# The percentages that were shown
percentages() {
	tr '\r' '\n' </run/typescript | grep -oE '[0-9]+ %' | uniq
}

# interrupt_at GIB: does what Ctrl-C does, once the filesystem is this large
interrupt_at() {
	local end=$((SECONDS + 180))
	until [ "$(fs_gib)" -ge "$1" ]; do
		[ $SECONDS -lt $end ] || return
	done
	pkill -INT -x oci-thin-grow
}

# XFS keeps the size of its allocation groups: with those that mkfs chooses for 1 GiB there would be thousands.
disk=(disk 1G)
[ "$FS" = ext4 ] || disk=(disk 8G -d agcount=4)

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "a disk is created" new_disk "${disk[@]}"
dd if=/dev/urandom of=$M/data bs=1M count=16 status=none
sum=$(sha256sum <$M/data)

interrupt_at 100 &
ok "grow to 1 TiB fails at Ctrl-C" not on_terminal 1T
wait $!
like "grow reports the size reached and how to continue" "$(tr '\r' '\n' </run/typescript)" 'interrupted at ~?[0-9.]+ [GT]iB of .*The filesystem is fine. Run the same command to go on'
like "the progress bar moved" "$(percentages | grep -c .)" '^([3-9]|[1-9][0-9]+)$'
like "the filesystem has grown in part" "$(fs_gib)" '^[1-9][0-9][0-9]$'
is "the device has 1 TiB" "$(device_bytes disk)" $TIB
ok "the disk is writable" dd if=/dev/zero of=$M/more bs=1M count=16 conv=fsync
is "the data is unchanged" "$(sha256sum <$M/data)" "$sum"
like "the ledger has the growth as unfinished" "$(cat /var/lib/oci-thin-grow/ledger/disk)" state=intended

ok "the same command succeeds" on_terminal 1T
like "progress is shown up to the end" "$(percentages | tail -n 1)" '^(9[0-9]|100) %$'
like "the filesystem has 1 TiB" "$(fs_gib)" '^(9[89][0-9]|10[012][0-9])$'
like "the ledger has the growth as finished" "$(cat /var/lib/oci-thin-grow/ledger/disk)" state=done
is "the data is unchanged after the second growth" "$(sha256sum <$M/data)" "$sum"
like "no progress bar is shown without a terminal" "$(/usr/sbin/oci-thin-grow grow --path $M 1T 2>&1)" '^[^#%]*has 1 TiB already$'
ok "the disk is unmounted" umount $M
# xfs_repair takes minutes for so many groups.
[ "$FS" = xfs ] || ok "the filesystem check finds no error" e2fsck -fn /dev/mapper/disk
ok "the disk mounts again" mount /dev/mapper/disk $M
is "the data is unchanged after the mount" "$(sha256sum <$M/data)" "$sum"
finish
