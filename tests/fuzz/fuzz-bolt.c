/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A walk through a whole bbolt database. The input is pages of 512 bytes, the first of them the
 * root bucket's. Two valid meta pages are put before them, because a fuzzer would not guess their
 * checksums.
 */
#include "fuzz.h"

#include "engine/bolt.h"

#include <string.h>

#define PAGE	 ((size_t)512)
#define MAX_DEEP 8

struct level {
	const struct bolt_bucket *bucket;
	int depth;
};

static uint64_t hash(const uint8_t *data, size_t len)
{
	uint64_t value = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		value = (value ^ data[i]) * UINT64_C(1099511628211);
	return value;
}

static void put_meta(uint8_t *page, uint64_t number, uint64_t n_pages)
{
	const uint32_t begin[] = {0xed0cdaed, 2, PAGE, 0};
	const uint64_t end[] = {2, 0, 0, n_pages, number};
	uint64_t sum;

	page[8] = 4;
	memcpy(page + 16, begin, sizeof(begin));
	memcpy(page + 32, end, sizeof(end));
	sum = hash(page + 16, 56);
	memcpy(page + 72, &sum, sizeof(sum));
}

static int visit(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket, void *context)
{
	const struct level *level = context;
	struct bolt_bucket bucket;
	struct bolt_bytes found;
	char *text = bolt_text(key);

	free(text);
	text = bolt_text(value);
	free(text);
	if (bolt_value(level->bucket, key, &found) > 0 && found.len)
		require(found.data[0] == found.data[0] &&
			found.data[found.len - 1] == found.data[found.len - 1]);
	if (is_bucket && level->depth < MAX_DEEP && bolt_bucket(level->bucket, key, &bucket) > 0)
		bolt_each(&bucket, visit, &(struct level){&bucket, level->depth + 1});
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	size_t all = 2 * PAGE + len;
	uint8_t *data = calloc(1, all);
	struct bolt_bucket root;
	struct bolt bolt;
	struct why why;
	uint64_t budget;

	require(data != NULL);
	memcpy(data + 2 * PAGE, input, len);
	put_meta(data, 0, all / PAGE);
	put_meta(data + PAGE, 1, all / PAGE);
	require(bolt_open(data, all, &budget, &bolt, &why) == 0);
	require(bolt_txid(data, all) == 1);
	budget = 10000;
	bolt_root(&bolt, &root);
	bolt_each(&root, visit, &(struct level){&root, 0});
	free(data);
	/* and the input as it is, with its own meta pages */
	if (bolt_open(input, len, &budget, &bolt, &why) == 0) {
		budget = 10000;
		bolt_root(&bolt, &root);
		bolt_each(&root, visit, &(struct level){&root, 0});
	}
	return 0;
}
