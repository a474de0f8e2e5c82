/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Builds bbolt databases with pages of any size, in the format that engine/bolt.h describes. */

#include "engine/bolt.h"

#include "unit.h"

#define DB_BRANCH 1
#define DB_LEAF	  2

struct db {
	uint8_t *data;
	size_t page_size, n_pages;
};

/* An element of a page; on a branch page, @key leads to @page. */
struct db_item {
	const char *key, *value;
	size_t value_len; /* 0: the length of the text */
	uint32_t flags;
	uint64_t page;
};

static inline void db_put(uint8_t *at, uint64_t value, size_t bytes)
{
	memcpy(at, &value,
	       bytes); /* for little-endian machines only, like the databases in tests/data */
}

static inline uint64_t db_hash(const uint8_t *data, size_t len)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ data[i]) * UINT64_C(1099511628211);
	return hash;
}

static inline void db_put_meta(struct db *db, unsigned int number, uint64_t root, uint64_t txid)
{
	uint8_t *page = db->data + number * db->page_size, *meta = page + 16;

	db_put(page, number, 8);
	db_put(page + 8, 4, 2);
	db_put(meta, 0xed0cdaed, 4);
	db_put(meta + 4, 2, 4);
	db_put(meta + 8, db->page_size, 4);
	db_put(meta + 16, root, 8);
	db_put(meta + 40, db->n_pages, 8);
	db_put(meta + 48, txid, 8);
	db_put(meta + 56, db_hash(meta, 56), 8);
}

static inline struct db db_new(size_t page_size, size_t n_pages)
{
	struct db db = {calloc(n_pages, page_size), page_size, n_pages};

	assert_non_null(db.data);
	db_put_meta(&db, 0, 2, 6);
	db_put_meta(&db, 1, 2, 7);
	return db;
}

/* Writes a page, or its content in an inline bucket. Returns its length. */
static inline size_t db_fill(uint8_t *at, uint16_t flags, const struct db_item *items, size_t n)
{
	size_t end = 16 + 16 * n;

	db_put(at + 8, flags, 2);
	db_put(at + 10, n, 2);
	for (size_t i = 0; i < n; i++) {
		const struct db_item *item = &items[i];
		uint8_t *element = at + 16 + 16 * i;
		size_t pos = end - (16 + 16 * i), key_len = strlen(item->key), value_len = 0;

		if (item->value)
			value_len = item->value_len ? item->value_len : strlen(item->value);
		if (flags == DB_LEAF) {
			db_put(element, item->flags, 4);
			db_put(element + 4, pos, 4);
			db_put(element + 8, key_len, 4);
			db_put(element + 12, value_len, 4);
		} else {
			db_put(element, pos, 4);
			db_put(element + 4, key_len, 4);
			db_put(element + 8, item->page, 8);
		}
		memcpy(at + end, item->key, key_len);
		memcpy(at + end + key_len, item->value ? item->value : "", value_len);
		end += key_len + value_len;
	}
	return end;
}

static inline void db_put_page(struct db *db, uint64_t id, uint16_t flags, uint32_t overflow,
			       const struct db_item *items, size_t n)
{
	uint8_t *page = db->data + id * db->page_size;
	size_t end = db_fill(page, flags, items, n);

	assert_true(id + overflow < db->n_pages && end <= (overflow + 1) * db->page_size);
	db_put(page, id, 8);
	db_put(page + 12, overflow, 4);
}

/* The value of a bucket that has its own page. */
static inline const char *db_bucket(char bytes[16], uint64_t page)
{
	memset(bytes, 0, 16);
	db_put((uint8_t *)bytes, page, 8);
	return bytes;
}
