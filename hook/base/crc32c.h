/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * CRC-32C (Castagnoli), the checksum of ext4, XFS and btrfs metadata. @crc: 0 at first, then the
 * previous result. Results are final, as in RFC 3720 B.4: "123456789" gives 0xe3069283.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);
