/* SPDX-License-Identifier: Apache-2.0 */

/*
 * superblock_read() on a device of at most three pieces: 4 KiB at its beginning, 4 KiB at 64 KiB,
 * and the rest where the first piece says that allocation group 1 of XFS is. Each input is tried as
 * it is, and with matching checksums, without which no mutation would be accepted.
 */
#include "fuzz.h"

#include "base/crc32c.h"
#include "disk/superblock.h"

#include <endian.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE_BYTES 4096
#define BTRFS_AT    65536

struct piece {
	uint8_t bytes[PIECE_BYTES];
	size_t len;
};

static uint32_t be(const uint8_t *at, size_t width)
{
	uint32_t n = 0;

	while (width--)
		n = n << 8 | *at++;
	return n;
}

static void set_le32(uint8_t *at, uint32_t n)
{
	n = htole32(n);
	memcpy(at, &n, sizeof(n));
}

static void seal_xfs(struct piece *piece)
{
	uint32_t sector_bytes = be(piece->bytes + 102, 2);

	if (piece->len < sector_bytes || sector_bytes < 512 || memcmp(piece->bytes, "XFSB", 4) != 0)
		return;
	set_le32(piece->bytes + 224, 0);
	if ((piece->bytes[101] & 0xf) != 4)
		set_le32(piece->bytes + 224, crc32c(0, piece->bytes, sector_bytes));
}

static void seal(struct piece pieces[3])
{
	seal_xfs(&pieces[0]);
	seal_xfs(&pieces[2]);
	if (pieces[0].len >= 2048 && pieces[0].bytes[1024 + 56] == 0x53)
		set_le32(pieces[0].bytes + 2044, ~crc32c(0, pieces[0].bytes + 1024, 1020));
	if (pieces[1].len == PIECE_BYTES)
		set_le32(pieces[1].bytes, crc32c(0, pieces[1].bytes + 32, PIECE_BYTES - 32));
}

static void check(const struct superblock *sb)
{
	static const struct superblock nothing;

	if (sb->type == SUPERBLOCK_UNKNOWN) {
		require(sb->bytes == 0 && sb->mount_count == 0);
		require(memcmp(sb->uuid, nothing.uuid, sizeof(sb->uuid)) == 0);
	} else {
		require(sb->type <= SUPERBLOCK_BTRFS);
		require(sb->bytes > 0 && sb->bytes <= INT64_MAX);
		require(sb->mount_count <= UINT16_MAX);
	}
}

static void try_device(const struct piece pieces[3])
{
	uint64_t group_1 = (uint64_t)be(pieces[0].bytes + 84, 4) * be(pieces[0].bytes + 4, 4);
	const uint64_t at[3] = {0, BTRFS_AT, group_1};
	static int device = -1;
	struct superblock sb;

	if (device < 0)
		device = memfd_create("device", MFD_CLOEXEC);
	require(device >= 0 && ftruncate(device, 0) == 0);
	for (int i = 0; i < 3; i++)
		if (pieces[i].len > 0 && at[i] < UINT64_C(1) << 62)
			require(pwrite(device, pieces[i].bytes, pieces[i].len, (off_t)at[i]) ==
				(ssize_t)pieces[i].len);
	memset(&sb, 0xaa, sizeof(sb));
	require(superblock_read(device, &sb) == 0);
	check(&sb);
}

static void try_mounted(const struct piece *first)
{
	struct ext4_superblock sb;

	if (first->len < EXT4_SUPERBLOCK_OFFSET + EXT4_SUPERBLOCK_BYTES ||
	    superblock_parse_ext4(first->bytes + EXT4_SUPERBLOCK_OFFSET, &sb) < 0)
		return;
	require(sb.blocks > 0 && sb.block_bytes >= 1024 && sb.block_bytes <= 65536);
	require(sb.blocks <= INT64_MAX / sb.block_bytes);
	require(sb.blocks_per_group > 0 && sb.inode_table_blocks > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	static struct piece pieces[3];

	for (int i = 0; i < 3; i++) {
		pieces[i].len = len < PIECE_BYTES ? len : PIECE_BYTES;
		memset(pieces[i].bytes, 0, PIECE_BYTES);
		if (pieces[i].len > 0)
			memcpy(pieces[i].bytes, input, pieces[i].len);
		input += pieces[i].len;
		len -= pieces[i].len;
	}
	try_mounted(&pieces[0]);
	try_device(pieces);
	seal(pieces);
	try_device(pieces);
	return 0;
}
