#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 1 GiB to 1 TiB on a pool of 20 GiB: the bar moves, Ctrl-C leaves the filesystem intact, and the same command finishes.
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

# on_terminal SIZE: `grow` on a pseudo-terminal of its own; what it shows in /run/typescript
on_terminal() {
	script -qefc "/usr/sbin/oci-thin-grow grow --path $M $1" /run/typescript </dev/null >/run/null
}

# the percentages that were shown
percentages() {
	tr '\r' '\n' </run/typescript | grep -oE '[0-9]+ %' | uniq
}

# interrupt_at GIB: as Ctrl-C does, once the filesystem has so much
interrupt_at() {
	local end=$((SECONDS + 180))
	until [ "$(fs_gib)" -ge "$1" ]; do
		[ $SECONDS -lt $end ] || return
	done
	pkill -INT -x oci-thin-grow
}

# XFS keeps the size of its groups: of those that mkfs makes for 1 GiB there would be thousands.
disk=(disk 1G)
[ "$FS" = ext4 ] || disk=(disk 8G -d agcount=4)

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "a disk" new_disk "${disk[@]}"
dd if=/dev/urandom of=$M/data bs=1M count=16 status=none
sum=$(sha256sum <$M/data)

interrupt_at 100 &
ok "1 TiB, and Ctrl-C at 100 GiB: fails" not on_terminal 1T
wait $!
like "it says what is, and what to do" "$(tr '\r' '\n' </run/typescript)" 'interrupted at ~?[0-9.]+ [GT]iB of .*The filesystem is fine. Run the same command to go on'
like "the bar moved" "$(percentages | grep -c .)" '^([3-9]|[1-9][0-9]+)$'
like "the filesystem is part of the way" "$(fs_gib)" '^[1-9][0-9][0-9]$'
is "the device is all of it" "$(device_bytes disk)" $TIB
ok "it is in use" dd if=/dev/zero of=$M/more bs=1M count=16 conv=fsync
is "the data" "$(sha256sum <$M/data)" "$sum"
like "the ledger knows that it is not done" "$(cat /var/lib/oci-thin-grow/ledger/disk)" state=intended

ok "the same again" on_terminal 1T
like "it is shown to the end" "$(percentages | tail -n 1)" '^(9[0-9]|100) %$'
like "1 TiB" "$(fs_gib)" '^(9[89][0-9]|10[012][0-9])$'
like "the ledger knows, too" "$(cat /var/lib/oci-thin-grow/ledger/disk)" state=done
is "the data are there" "$(sha256sum <$M/data)" "$sum"
like "no bar without a terminal" "$(/usr/sbin/oci-thin-grow grow --path $M 1T 2>&1)" '^[^#%]*has 1 TiB already$'
ok "unmounted" umount $M
# xfs_repair takes minutes for so many groups.
[ "$FS" = xfs ] || ok "it checks clean" e2fsck -fn /dev/mapper/disk
ok "mounted again" mount /dev/mapper/disk $M
is "the data are still there" "$(sha256sum <$M/data)" "$sum"
finish
