/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads bbolt databases, in which containerd stores its metadata. Pure: the database is a copy of
 * its file in memory. Nothing in it is trusted: offsets, lengths, and links may be wrong or cyclic.
 *
 * Format, from bbolt's source (internal/common: meta.go, page.go, bucket.go) and in the
 * machine's byte order:
 *
 *   page     id u64, flags u16 (branch 1, leaf 2, meta 4), count u16, overflow u32 (further
 *            pages of this one); then its elements, followed by their keys and values
 *   branch   pos u32, key size u32, page u64; pos is relative to the element itself
 *   leaf     flags u32 (1: the value is a bucket), pos u32, key size u32, value size u32
 *   bucket   root page u64, sequence u64; if the root page is 0, a leaf page follows inline
 *   meta     page 0 and 1, the one with the larger txid is valid: magic, version, page size,
 *            flags u32 each, root bucket, freelist, pages in use, txid, FNV-1a of all these
 */

#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bolt {
	const uint8_t *data;
	size_t len;
	size_t page_size;
	uint64_t n_pages; /* pages in use; larger numbers are invalid */
	uint64_t txid;	  /* of the last transaction */
	uint64_t root;
	uint64_t *budget; /* how many more pages and elements may be read */
};

struct bolt_bytes {
	const uint8_t *data;
	size_t len;
};

/* A bucket in @bolt, whose memory must stay. */
struct bolt_bucket {
	const struct bolt *bolt;
	uint64_t page; /* 0: inline */
	struct bolt_bytes inline_page;
};

/*
 * @data, to which *ret keeps pointers, may be truncated anywhere. *ret_budget is set to the cost of
 * reading the whole database, so that a cyclic one is not read forever. 0, or -EBADMSG with a
 * reason.
 */
int bolt_open(const void *data, size_t len, uint64_t *ret_budget, struct bolt *ret,
	      struct why *why);

/* The txid of the meta pages in @data, whose first 128 KiB suffice; 0 if none is valid. */
uint64_t bolt_txid(const void *data, size_t len);

void bolt_root(const struct bolt *bolt, struct bolt_bucket *ret);

/*
 * The bucket or value @key in @bucket. 1 and *ret; 0: missing, or of the other kind; -EBADMSG: the
 * database is damaged there.
 */
int bolt_bucket(const struct bolt_bucket *bucket, struct bolt_bytes key, struct bolt_bucket *ret);
int bolt_value(const struct bolt_bucket *bucket, struct bolt_bytes key, struct bolt_bytes *ret);

/* @value of a bucket must not be used: call bolt_bucket(). Non-zero ends the walk. */
typedef int bolt_visit(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket,
		       void *context);

/* Visits everything in @bucket, sorted by key. 0, what @visit returned, or -EBADMSG. */
int bolt_each(const struct bolt_bucket *bucket, bolt_visit *visit, void *context);

/*
 * Converts text to a key, and a key to text: to be freed; NULL if it has a NUL, or if out of
 * memory.
 */
struct bolt_bytes bolt_key(const char *text);
char *bolt_text(struct bolt_bytes bytes);
