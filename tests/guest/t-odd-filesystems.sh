#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Filesystems with rare features that the kernel mounts and grows: a re-created device is extended for each. If the
# superblock cannot be read, the ledger alone has the length.
# suites: bookworm trixie
# matrix: bookworm:FS=xfs trixie:FS=ext4 trixie:FS=btrfs
# soak: FS=ext4 FS=xfs FS=btrfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

LEDGER=/var/lib/oci-thin-grow/ledger

# again NAME ID: re-creates the device too short, as its engine does
again() {
	umount -R "/run/disk/$1" 2>/run/null
	dmsetup remove --retry "$1" && thin_on "$1" "$2" 1G
}

mounts() {
	mount "/dev/mapper/$1" "/run/disk/$1"
}

# odd WHAT [MKFS OPTION...]: grows a disk, and re-creates its device without and with its ledger entry
odd() {
	local what=$1 id=$next_thin_id d=pool-snap-$((100 + next_thin_id))
	shift
	ok "$what: a disk is created" new_disk "$d" 1G "$@" || return
	ok "$what: the disk grows" grow_disk "$d" 3G
	is "$what: the device has 3 GiB" "$(device_bytes "$d")" $((3 * GIB))
	like "$what: the filesystem has 3 GiB" "$(df -m --output=size "/run/disk/$d" | tail -n 1)" '^ *(2[89]|30)[0-9][0-9]$'
	mv "$LEDGER/$d" /run/entry
	ok "$what: the device is re-created without its ledger entry" again "$d" "$id"
	is "$what: it gets its length from the superblock" "$(device_bytes "$d")" $((3 * GIB))
	ok "$what: it mounts" mounts "$d"
	mv /run/entry "$LEDGER/$d"
	ok "$what: the device is re-created with its ledger entry" again "$d" "$id"
	is "$what: it gets its length from the ledger" "$(device_bytes "$d")" $((3 * GIB))
	ok "$what: it mounts again" mounts "$d"
	ok "$what: the disk is removed" drop_disk "$d"
}

# tear NAME OFFSET: changes two bytes that a checksum covers
tear() {
	umount -R "/run/disk/$1" && printf '\xde\xad' | dd of="/dev/mapper/$1" bs=1 seek="$2" conv=notrunc,fsync status=none
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up

case $FS in
ext4)
	odd "bigalloc" -O bigalloc
	odd "clusters of 1 MiB" -O bigalloc -C 1048576
	odd "blocks of 1 KiB, no 64bit" -b 1024 -O ^64bit
	odd "checksums with a seed" -O metadata_csum,metadata_csum_seed
	odd "no checksums" -O ^metadata_csum
	odd "inodes of 128 bytes" -I 128
	odd "like ext3" -O ^extent,^64bit,^flex_bg,^metadata_csum,^huge_file,^dir_nlink,^extra_isize
	odd "descriptors by group" -O meta_bg,^resize_inode
	torn_at=$((1024 + 48))
	;;
xfs)
	odd "version 4" -m crc=0
	odd "sectors of 4 KiB" -s size=4096
	odd "blocks of 1 KiB" -b size=1024
	torn_at=200
	;;
btrfs)
	for checksum in crc32c xxhash sha256 blake2; do
		odd "$checksum" --csum $checksum
	done
	odd "mixed groups" --mixed
	odd "nodes of 64 KiB" --nodesize 65536
	torn_at=$((65536 + 72))
	;;
esac

## A damaged superblock

D=pool-snap-50 id=$next_thin_id
ok "damaged superblock: a disk is created" new_disk $D
ok "damaged superblock: the disk grows" grow_disk $D 3G
ok "damaged superblock: two of its bytes are changed" tear $D "$torn_at"
ok "damaged superblock: the device is re-created" again $D "$id"
is "damaged superblock: it gets its length from the ledger" "$(device_bytes $D)" $((3 * GIB))
like "damaged superblock: the log names the ledger" "$(cat /run/messages)" "action=heal device=$D .*source=ledger"
dmsetup suspend $D
dmsetup message pool 0 "create_snap 99 $id"
dmsetup resume $D
ok "damaged superblock: a snapshot with another name is activated" thin_on pool-snap-51 99 1G
is "damaged superblock: the snapshot does not get the length of the entry" "$(device_bytes pool-snap-51)" $GIB
ok "damaged superblock: the snapshot is deactivated" dmsetup remove --retry pool-snap-51
ok "damaged superblock: the disk is deactivated" dmsetup remove --retry $D
ok "damaged superblock: the snapshot is activated with the name of the disk" thin_on $D 99 1G
is "damaged superblock: it does not get the length of the entry, either" "$(device_bytes $D)" $GIB
ok "damaged superblock: it is deactivated" dmsetup remove --retry $D
ok "another UUID: the device is re-created" thin_on $D "$id" 1G
case $FS in
ext4) ok "another UUID: a filesystem of 1 GiB is created" mkfs.ext4 -q -F -b 4096 /dev/mapper/$D $((GIB / 4096)) ;;
xfs) ok "another UUID: a filesystem of 1 GiB is created" mkfs_on xfs /dev/mapper/$D -d size=1g ;;
btrfs) ok "another UUID: a filesystem of 1 GiB is created" mkfs_on btrfs /dev/mapper/$D --byte-count 1g ;;
esac
ok "another UUID: the device is re-created with that filesystem" again $D "$id"
is "another UUID: it does not get the length of the entry" "$(device_bytes $D)" $GIB
finish
