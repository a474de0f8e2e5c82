/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reading bbolt databases, in which containerd keeps what it knows. Pure: a database is a copy of
 * its file in memory. Nothing in it is trusted: not an offset, not a length, not that there is no
 * circle in it.
 *
 * The format is that of bbolt's source (internal/common: meta.go, page.go, bucket.go), in the
 * machine's byte order:
 *
 *   page     id u64, flags u16 (branch 1, leaf 2, meta 4), count u16, overflow u32: so many more
 *            pages belong to it; then its elements, and behind them their keys and values
 *   branch   pos u32, key size u32, page u64; pos counts from the element itself
 *   leaf     flags u32 (1: the value is a bucket), pos u32, key size u32, value size u32
 *   bucket   root page u64, sequence u64; with the root page 0 a leaf page follows right there
 *   meta     page 0 and 1, the one with the larger txid counts: magic, version, page size,
 *            flags u32 each, root bucket, freelist, pages in use, txid, FNV-1a of all that
 */

#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bolt {
	const uint8_t *data;
	size_t len;
	size_t page_size;
	uint64_t n_pages; /* all that may be referred to are below this */
	uint64_t txid;	  /* of the last change */
	uint64_t root;
	uint64_t *budget; /* pages and elements that may still be looked at */
};

struct bolt_bytes {
	const uint8_t *data;
	size_t len;
};

/* In @bolt, whose memory must stay. */
struct bolt_bucket {
	const struct bolt *bolt;
	uint64_t page; /* 0: inline */
	struct bolt_bytes inline_page;
};

/*
 * @data, of which *ret keeps pointers, may be cut off anywhere. *ret_budget is set to what reading
 * a whole database may cost; it keeps one with circles from being read for ever. 0 or -EBADMSG with
 * a reason.
 */
int bolt_open(const void *data, size_t len, uint64_t *ret_budget, struct bolt *ret,
	      struct why *why);

/* The txid of the meta pages in @data, of which the first 128 KiB are enough; 0 if none is good. */
uint64_t bolt_txid(const void *data, size_t len);

void bolt_root(const struct bolt *bolt, struct bolt_bucket *ret);

/*
 * The bucket or value @key in @bucket. 1 and *ret; 0: there is none, or it is of the other kind;
 * -EBADMSG: the database is damaged there.
 */
int bolt_bucket(const struct bolt_bucket *bucket, struct bolt_bytes key, struct bolt_bucket *ret);
int bolt_value(const struct bolt_bucket *bucket, struct bolt_bytes key, struct bolt_bytes *ret);

/* @value of a bucket is not for use: bolt_bucket() finds it. Non-zero ends the walk. */
typedef int bolt_visit(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket,
		       void *context);

/* All in @bucket, sorted by key. 0, what @visit returned, or -EBADMSG. */
int bolt_each(const struct bolt_bucket *bucket, bolt_visit *visit, void *context);

/* Text as a key, and a key as text: to be freed; NULL if it has a NUL in it, or on ENOMEM. */
struct bolt_bytes bolt_key(const char *text);
char *bolt_text(struct bolt_bytes bytes);
