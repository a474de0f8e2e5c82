/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bolt.h"

#include <errno.h>
#include <string.h>

#define MAGIC	  0xed0cdaedU
#define VERSION_2 2U

#define MIN_PAGE ((size_t)512)
#define MAX_PAGE ((size_t)64 * 1024)

#define HEADER_BYTES  16U
#define ELEMENT_BYTES 16U
#define BUCKET_BYTES  16U
#define META_BYTES    64U /* the last 8 are the checksum of the rest */

/* Depth of a tree with two keys per page that fills 2^40 pages */
#define MAX_DEPTH 40
/* More than the largest database needs, and finished in about a second */
#define BUDGET (UINT64_C(32) * 1024 * 1024)

enum { BRANCH = 1, LEAF = 2, META = 4 };
enum { IS_BUCKET = 1 };

static uint16_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* --- meta pages --------------------------------------------------------------------------------*/

static uint64_t fnv1a(const uint8_t *data, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ data[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Parses the meta page at @offset, if it is valid. */
static bool read_meta(const uint8_t *data, size_t len, size_t offset, struct bolt *ret)
{
	const size_t checked = META_BYTES - 8;
	const uint8_t *meta = data + offset + HEADER_BYTES;

	if (len < offset || len - offset < HEADER_BYTES + META_BYTES)
		return false;
	if (!(get16(data + offset + 8) & META) || get32(meta) != MAGIC ||
	    get32(meta + 4) != VERSION_2 || get64(meta + checked) != fnv1a(meta, checked))
		return false;
	*ret = (struct bolt){
		.data = data,
		.len = len,
		.page_size = get32(meta + 8),
		.root = get64(meta + 16),
		.n_pages = get64(meta + 40),
		.txid = get64(meta + 48),
	};
	return ret->page_size >= MIN_PAGE && ret->page_size <= MAX_PAGE &&
	       (ret->page_size & (ret->page_size - 1)) == 0;
}

/* The position of the second is known only from a valid first one. */
static bool newest_meta(const uint8_t *data, size_t len, struct bolt *ret)
{
	struct bolt first, second;
	bool has_first = read_meta(data, len, 0, &first), has_second = false;

	for (size_t size = MIN_PAGE; size <= MAX_PAGE && !has_second; size *= 2) {
		if (!has_first || first.page_size == size)
			has_second =
				read_meta(data, len, size, &second) && second.page_size == size;
	}
	if (!has_first && !has_second)
		return false;
	*ret = has_first && (!has_second || first.txid > second.txid) ? first : second;
	return true;
}

uint64_t bolt_txid(const void *data, size_t len)
{
	struct bolt bolt;

	return newest_meta(data, len, &bolt) ? bolt.txid : 0;
}

int bolt_open(const void *data, size_t len, uint64_t *ret_budget, struct bolt *ret, struct why *why)
{
	struct bolt bolt;

	if (!newest_meta(data, len, &bolt))
		return why_set(why, EBADMSG, "not a bbolt database, or damaged");
	if (bolt.n_pages > len / bolt.page_size)
		return why_set(why, EBADMSG, "%zu bytes are too few for its %llu pages", len,
			       (unsigned long long)bolt.n_pages);
	*ret_budget = BUDGET;
	bolt.budget = ret_budget;
	*ret = bolt;
	return 0;
}

/* --- pages -------------------------------------------------------------------------------------*/

struct page {
	const uint8_t *data;
	size_t len; /* including its overflow pages */
	unsigned int flags, count;
};

/* An element's fields; on a branch page, value is a page number. */
struct element {
	struct bolt_bytes key, value;
	bool is_bucket;
};

static bool spend(const struct bolt *bolt)
{
	return *bolt->budget > 0 && (*bolt->budget)--;
}

static int check_page(const uint8_t *data, size_t len, struct page *ret)
{
	struct page page = {data, len, get16(data + 8), get16(data + 10)};

	if ((page.flags != BRANCH && page.flags != LEAF) ||
	    page.count > (len - HEADER_BYTES) / ELEMENT_BYTES)
		return -EBADMSG;
	*ret = page;
	return 0;
}

static int get_page(const struct bolt *bolt, uint64_t id, struct page *ret)
{
	const uint8_t *data;
	uint64_t more;

	if (id < 2 || id >= bolt->n_pages || !spend(bolt))
		return -EBADMSG;
	data = bolt->data + id * bolt->page_size;
	more = get32(data + 12);
	if (get64(data) != id || more >= bolt->n_pages - id)
		return -EBADMSG;
	return check_page(data, (size_t)(more + 1) * bolt->page_size, ret);
}

static int get_element(const struct bolt *bolt, const struct page *page, unsigned int i,
		       struct element *ret)
{
	size_t at = HEADER_BYTES + (size_t)i * ELEMENT_BYTES;
	const uint8_t *element = page->data + at;
	bool leaf = page->flags == LEAF;
	uint64_t pos = get32(element + (leaf ? 4 : 0)), key_len = get32(element + (leaf ? 8 : 4)),
		 value_len = leaf ? get32(element + 12) : 0;

	if (!spend(bolt) || pos + key_len + value_len > page->len - at)
		return -EBADMSG;
	ret->key = (struct bolt_bytes){element + pos, (size_t)key_len};
	ret->value = leaf ? (struct bolt_bytes){element + pos + key_len, (size_t)value_len}
			  : (struct bolt_bytes){element + 8, 8};
	ret->is_bucket = leaf && (get32(element) & IS_BUCKET);
	return 0;
}

static int first_page(const struct bolt_bucket *bucket, struct page *ret)
{
	if (bucket->page)
		return get_page(bucket->bolt, bucket->page, ret);
	if (bucket->inline_page.len < HEADER_BYTES)
		return -EBADMSG;
	return check_page(bucket->inline_page.data, bucket->inline_page.len, ret);
}

/* --- looking up --------------------------------------------------------------------------------*/

static int compare_bytes(struct bolt_bytes a, struct bolt_bytes b)
{
	int r = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

/* *ret: how many of the page's keys are not greater than @key. */
static int count_up_to(const struct bolt *bolt, const struct page *page, struct bolt_bytes key,
		       unsigned int *ret)
{
	unsigned int low = 0, high = page->count;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;
		struct element element;

		if (get_element(bolt, page, middle, &element) < 0)
			return -EBADMSG;
		if (compare_bytes(element.key, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret = low;
	return 0;
}

/* 1, 0 or -EBADMSG. */
static int find_element(const struct bolt_bucket *bucket, struct bolt_bytes key,
			struct element *ret)
{
	const struct bolt *bolt = bucket->bolt;
	struct page page;
	int r = first_page(bucket, &page);

	for (int depth = 0; r == 0 && depth < MAX_DEPTH; depth++) {
		unsigned int n;

		if (count_up_to(bolt, &page, key, &n) < 0)
			return -EBADMSG;
		if (n == 0)
			return 0; /* less than the first key */
		if (get_element(bolt, &page, n - 1, ret) < 0)
			return -EBADMSG;
		if (page.flags == LEAF)
			return compare_bytes(ret->key, key) == 0;
		r = get_page(bolt, get64(ret->value.data), &page);
	}
	return -EBADMSG;
}

void bolt_root(const struct bolt *bolt, struct bolt_bucket *ret)
{
	*ret = (struct bolt_bucket){.bolt = bolt, .page = bolt->root};
}

int bolt_bucket(const struct bolt_bucket *bucket, struct bolt_bytes key, struct bolt_bucket *ret)
{
	struct element element;
	int r = find_element(bucket, key, &element);

	if (r <= 0 || !element.is_bucket)
		return r < 0 ? r : 0;
	if (element.value.len < BUCKET_BYTES)
		return -EBADMSG;
	*ret = (struct bolt_bucket){
		.bolt = bucket->bolt,
		.page = get64(element.value.data),
		.inline_page = {element.value.data + BUCKET_BYTES,
				element.value.len - BUCKET_BYTES},
	};
	return 1;
}

int bolt_value(const struct bolt_bucket *bucket, struct bolt_bytes key, struct bolt_bytes *ret)
{
	struct element element;
	int r = find_element(bucket, key, &element);

	if (r <= 0 || element.is_bucket)
		return r < 0 ? r : 0;
	*ret = element.value;
	return 1;
}

/* --- all of them -------------------------------------------------------------------------------*/

/* Descends from the root to a leaf. */
struct path {
	struct page pages[MAX_DEPTH];
	unsigned int next[MAX_DEPTH];
	int depth;
};

/* One step: calls @visit, or enters or leaves a page. */
static int walk_step(const struct bolt *bolt, struct path *path, bolt_visit *visit, void *context)
{
	int last = path->depth - 1;
	const struct page *page = &path->pages[last];
	struct element element;
	int r;

	if (path->next[last] == page->count) {
		path->depth--;
		return 0;
	}
	if (get_element(bolt, page, path->next[last]++, &element) < 0)
		return -EBADMSG;
	if (page->flags == LEAF)
		return visit(element.key, element.value, element.is_bucket, context);
	if (path->depth == MAX_DEPTH)
		return -EBADMSG;
	r = get_page(bolt, get64(element.value.data), &path->pages[path->depth]);
	path->next[path->depth++] = 0;
	return r;
}

int bolt_each(const struct bolt_bucket *bucket, bolt_visit *visit, void *context)
{
	struct path path = {.depth = 1};
	int r = first_page(bucket, &path.pages[0]);

	while (r == 0 && path.depth > 0)
		r = walk_step(bucket->bolt, &path, visit, context);
	return r;
}

struct bolt_bytes bolt_key(const char *text)
{
	return (struct bolt_bytes){(const uint8_t *)text, strlen(text)};
}

char *bolt_text(struct bolt_bytes bytes)
{
	return memchr(bytes.data, '\0', bytes.len) ? NULL
						   : strndup((const char *)bytes.data, bytes.len);
}
