#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Filesystems with rare features that the kernel mounts and grows: a re-created device is extended for each. If the
# superblock cannot be read, the ledger alone has the length.
# suites: bookworm trixie
# matrix: FS=ext4 FS=xfs FS=btrfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

LEDGER=/var/lib/oci-thin-grow/ledger

# again NAME ID: as its engine re-creates it, too short
again() {
	umount -R "/run/disk/$1" 2>/run/null
	dmsetup remove --retry "$1" && thin_on "$1" "$2" 1G
}

mounts() {
	mount "/dev/mapper/$1" "/run/disk/$1"
}

# odd WHAT [MKFS OPTION...]: grown, re-created without and with its ledger entry, mounted
odd() {
	local what=$1 id=$next_thin_id d=pool-snap-$((100 + next_thin_id))
	shift
	ok "$what: a disk" new_disk "$d" 1G "$@" || return
	ok "$what: it grows" grow_disk "$d" 3G
	is "$what: the device as asked" "$(device_bytes "$d")" $((3 * GIB))
	like "$what: the filesystem, too" "$(df -m --output=size "/run/disk/$d" | tail -n 1)" '^ *(2[89]|30)[0-9][0-9]$'
	mv "$LEDGER/$d" /run/entry
	ok "$what: re-created" again "$d" "$id"
	is "$what: the superblock tells its length" "$(device_bytes "$d")" $((3 * GIB))
	ok "$what: it mounts" mounts "$d"
	mv /run/entry "$LEDGER/$d"
	ok "$what: re-created once more" again "$d" "$id"
	is "$what: so does the ledger" "$(device_bytes "$d")" $((3 * GIB))
	ok "$what: it mounts again" mounts "$d"
	ok "$what: it goes" drop_disk "$d"
}

# tear NAME OFFSET: two bytes of what a checksum covers are wrong
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

## A torn superblock

D=pool-snap-50 id=$next_thin_id
ok "a disk" new_disk $D
ok "it grows" grow_disk $D 3G
ok "its superblock is torn" tear $D "$torn_at"
ok "re-created" again $D "$id"
is "by the ledger alone" "$(device_bytes $D)" $((3 * GIB))
like "the log tells" "$(cat /run/messages)" "action=heal device=$D .*source=ledger"
dmsetup suspend $D
dmsetup message pool 0 "create_snap 99 $id"
dmsetup resume $D
ok "a snapshot of it" thin_on pool-snap-51 99 1G
is "the entry is not the snapshot's" "$(device_bytes pool-snap-51)" $GIB
ok "it goes" dmsetup remove --retry pool-snap-51
ok "the disk goes" dmsetup remove --retry $D
ok "its name on the snapshot" thin_on $D 99 1G
is "the entry is not that one's, either" "$(device_bytes $D)" $GIB
ok "that goes" dmsetup remove --retry $D
ok "re-created, for another filesystem" thin_on $D "$id" 1G
case $FS in
ext4) ok "of 1 GiB" mkfs.ext4 -q -F -b 4096 /dev/mapper/$D $((GIB / 4096)) ;;
xfs) ok "of 1 GiB" mkfs_on xfs /dev/mapper/$D -d size=1g ;;
btrfs) ok "of 1 GiB" mkfs_on btrfs /dev/mapper/$D --byte-count 1g ;;
esac
ok "re-created with it" again $D "$id"
is "the entry is of another UUID" "$(device_bytes $D)" $GIB
finish
