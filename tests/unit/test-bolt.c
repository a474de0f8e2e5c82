/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bolt.h"

#include "base/cleanup.h"
#include "base/file.h"

#include "bolt-fixture.h"

#define DATA	  "tests/data/"
#define MAX_DEEP  6
#define DB_BUCKET 1

static struct db db;
static struct bolt bolt;
static uint64_t budget;
static struct why why;
static char seen[8192];

/*
 * Pages of 512 bytes: 2 is a branch to the leaves 3 and 4; "big" has a value of 700 bytes, on the
 * pages 4 to 5; "deep" is a bucket on page 6 with "in" in it, "inline" one without a page.
 */
static int setup(void **state)
{
	static char big[700], deep[16], small[256];
	struct db_item inside[] = {{.key = "a", .value = "1"}, {.key = "b", .value = "2"}};
	struct db_item branch[] = {{.key = "alpha", .page = 3}, {.key = "big", .page = 4}};
	struct db_item first[] = {{.key = "alpha", .value = "first"},
				  {.key = "beta", .value = "second"}};
	struct db_item second[4] = {{.key = "big", .value = big, .value_len = sizeof(big)},
				    {.key = "deep", .value_len = 16, .flags = DB_BUCKET},
				    {.key = "inline", .flags = DB_BUCKET},
				    {.key = "omega", .value = "last"}};
	struct db_item in[] = {{.key = "in", .value = "side"}};

	(void)state;
	memset(big, 'x', sizeof(big));
	memset(small, 0, sizeof(small));
	second[1].value = db_bucket(deep, 6);
	second[2].value = small;
	second[2].value_len = 16 + db_fill((uint8_t *)small + 16, DB_LEAF, inside, 2);
	db = db_new(512, 7);
	db_put_page(&db, 2, DB_BRANCH, 0, branch, 2);
	db_put_page(&db, 3, DB_LEAF, 0, first, 2);
	db_put_page(&db, 4, DB_LEAF, 1, second, 4);
	db_put_page(&db, 6, DB_LEAF, 0, in, 1);
	seen[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(db.data);
	return 0;
}

static struct bolt_bucket open_root(void)
{
	struct bolt_bucket root;

	assert_int_equal(bolt_open(db.data, db.page_size * db.n_pages, &budget, &bolt, &why), 0);
	bolt_root(&bolt, &root);
	return root;
}

static int note(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket, void *context)
{
	size_t len = strlen(seen);

	(void)context;
	snprintf(seen + len, sizeof(seen) - len, "%.*s%c%zu ", (int)key.len, key.data,
		 is_bucket ? '/' : '=', is_bucket ? 0 : value.len);
	return 0;
}

static void expect_text(const struct bolt_bucket *bucket, const char *key, const char *want)
{
	struct bolt_bytes value;
	char *text;

	assert_int_equal(bolt_value(bucket, bolt_key(key), &value), 1);
	text = bolt_text(value);
	assert_string_equal(text, want);
	free(text);
}

static void finds_values(void **state)
{
	struct bolt_bucket root = open_root();
	struct bolt_bytes value;

	(void)state;
	expect_text(&root, "alpha", "first");
	expect_text(&root, "beta", "second");
	expect_text(&root, "omega", "last");
	assert_int_equal(bolt_value(&root, bolt_key("big"), &value), 1);
	assert_int_equal(value.len, 700);
	assert_true(value.data[0] == 'x' && value.data[699] == 'x');
}

static void does_not_find_missing_keys(void **state)
{
	static const char *const keys[] = {"", "a", "alph", "alphb", "bd", "bih", "omegb", "z"};
	struct bolt_bucket root = open_root(), bucket;
	struct bolt_bytes value;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		assert_int_equal(bolt_value(&root, bolt_key(keys[i]), &value), 0);
		assert_int_equal(bolt_bucket(&root, bolt_key(keys[i]), &bucket), 0);
	}
	/* of the other kind */
	assert_int_equal(bolt_value(&root, bolt_key("deep"), &value), 0);
	assert_int_equal(bolt_bucket(&root, bolt_key("alpha"), &bucket), 0);
}

static void finds_buckets(void **state)
{
	struct bolt_bucket root = open_root(), bucket;

	(void)state;
	assert_int_equal(bolt_bucket(&root, bolt_key("deep"), &bucket), 1);
	expect_text(&bucket, "in", "side");
	assert_int_equal(bolt_bucket(&root, bolt_key("inline"), &bucket), 1);
	expect_text(&bucket, "a", "1");
	expect_text(&bucket, "b", "2");
	assert_int_equal(bolt_each(&bucket, note, NULL), 0);
	assert_string_equal(seen, "a=1 b=1 ");
}

static int stop_at_first(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket,
			 void *context)
{
	note(key, value, is_bucket, context);
	return 42;
}

static void walks_keys_in_order(void **state)
{
	struct bolt_bucket root = open_root();

	(void)state;
	assert_int_equal(bolt_each(&root, note, NULL), 0);
	assert_string_equal(seen, "alpha=5 beta=6 big=700 deep/0 inline/0 omega=4 ");
	seen[0] = '\0';
	assert_int_equal(bolt_each(&root, stop_at_first, NULL), 42);
	assert_string_equal(seen, "alpha=5 ");
}

/* A database is written to one meta page and the other in turn. */
static void uses_the_meta_page_with_the_larger_txid(void **state)
{
	struct bolt_bucket root;

	(void)state;
	db_put_meta(&db, 0, 6, 8);
	root = open_root();
	expect_text(&root, "in", "side");
	assert_int_equal(bolt_txid(db.data, db.page_size * db.n_pages), 8);
	db.data[20] ^= 1; /* torn: the older one is still good */
	root = open_root();
	expect_text(&root, "alpha", "first");
	assert_int_equal(bolt_txid(db.data, db.page_size * db.n_pages), 7);
	db.data[512 + 16 + 48] ^= 0x10; /* valid except for the checksum */
	assert_int_equal(bolt_txid(db.data, db.page_size * db.n_pages), 0);
	assert_int_equal(bolt_open(db.data, 512 * 7, &budget, &bolt, &why), -EBADMSG);
	assert_contains(why.text, "not a bbolt database");
}

static void reads_pages_of_every_size(void **state)
{
	struct db_item item[] = {{.key = "k", .value = "v"}};

	(void)state;
	for (size_t size = 512; size <= 65536; size *= 2) {
		for (unsigned int bad = 0; bad < 2; bad++) {
			struct bolt_bucket root;

			free(db.data);
			db = db_new(size, 3);
			db_put_page(&db, 2, DB_LEAF, 0, item, 1);
			db.data[bad * size + 16] ^= 1;
			root = open_root();
			assert_int_equal(bolt.page_size, size);
			expect_text(&root, "k", "v");
		}
	}
}

/* --- what is damaged ---------------------------------------------------------------------------*/

static void expect_damage(void)
{
	struct bolt_bucket root = open_root();
	struct bolt_bytes value;

	assert_int_equal(bolt_each(&root, note, NULL), -EBADMSG);
	assert_int_equal(bolt_value(&root, bolt_key("alpha"), &value), -EBADMSG);
}

static void refuses_cyclic_databases(void **state)
{
	struct db_item self[] = {{.key = "alpha", .page = 2}, {.key = "beta", .page = 2}};
	struct db_item pair[] = {{.key = "alpha", .page = 3}};
	struct db_item back[] = {{.key = "alpha", .page = 2}};

	(void)state;
	db_put_page(&db, 2, DB_BRANCH, 0, self, 2);
	expect_damage();
	db_put_page(&db, 2, DB_BRANCH, 0, pair, 1);
	db_put_page(&db, 3, DB_BRANCH, 0, back, 1);
	expect_damage();
}

/*
 * Thirty levels of branches that all lead to the same two pages: 2^30 leaves if each were visited.
 */
static void limits_the_work_for_a_hostile_database(void **state)
{
	struct db_item leaf[] = {{.key = "a", .value = "b"}};
	struct bolt_bucket root;

	(void)state;
	free(db.data);
	db = db_new(512, 40);
	for (uint64_t page = 2; page < 32; page++) {
		struct db_item both[] = {{.key = "a", .page = page + 1},
					 {.key = "b", .page = page + 1}};

		db_put_page(&db, page, DB_BRANCH, 0, both, 2);
	}
	db_put_page(&db, 32, DB_LEAF, 0, leaf, 1);
	root = open_root();
	assert_int_equal(bolt_each(&root, note, NULL), -EBADMSG);
	assert_int_equal(budget, 0);
}

static void refuses_invalid_pages(void **state)
{
	static const struct {
		size_t at;
		uint64_t value;
		size_t bytes;
	} damage[] = {
		{0, 3, 8},
		{0, 0, 8}, /* another page's number */
		{8, 4, 2},
		{8, 3, 2},
		{8, 0, 2}, /* neither branch nor leaf */
		{10, 0xffff, 2},
		{10, 32, 2}, /* more elements than fit */
		{12, 0xffffffff, 4},
		{12, 5, 4}, /* longer than the database */
		{16, 0xffffffff, 4},
		{16, 512, 4}, /* keys beyond the page */
		{20, 0xffffffff, 4},
		{20, 480, 4},
		{24, 0, 8},
		{24, 1, 8},
		{24, 7, 8},
		{24, UINT64_MAX, 8}, /* no such page */
		{24, UINT64_C(1) << 55, 8},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(damage); i++) {
		uint8_t saved[512];

		memcpy(saved, db.data + 1024, 512);
		db_put(db.data + 1024 + damage[i].at, damage[i].value, damage[i].bytes);
		expect_damage();
		memcpy(db.data + 1024, saved, 512);
	}
	assert_int_equal(bolt_open(db.data, 512 * 7 - 1, &budget, &bolt, &why), -EBADMSG);
	assert_contains(why.text, "too few for its 7 pages");
}

static int look_inside(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket,
		       void *context);

struct inside {
	struct bolt_bucket bucket;
	int depth;
	size_t sum;
};

static size_t walk_all(const struct bolt_bucket *bucket, int depth)
{
	struct inside inside = {*bucket, depth, 0};

	bolt_each(bucket, look_inside, &inside);
	return inside.sum;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int look_inside(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket,
		       void *context)
{
	struct inside *inside = context;
	struct bolt_bucket below;
	struct bolt_bytes again;

	for (size_t i = 0; i < key.len; i++)
		inside->sum += key.data[i];
	for (size_t i = 0; i < value.len; i++)
		inside->sum += value.data[i];
	bolt_value(&inside->bucket, key, &again);
	if (is_bucket && inside->depth < MAX_DEEP && bolt_bucket(&inside->bucket, key, &below) > 0)
		inside->sum += walk_all(&below, inside->depth + 1);
	return 0;
}

/* In a buffer of its own, so that sanitizers detect a read beyond its end. */
static size_t walk_copy(const uint8_t *data, size_t len)
{
	_cleanup_free_ uint8_t *copy = malloc(len ? len : 1);
	struct bolt_bucket root;

	assert_non_null(copy);
	memcpy(copy, data, len);
	if (bolt_open(copy, len, &budget, &bolt, &why) < 0)
		return 0;
	budget = 100000;
	bolt_root(&bolt, &root);
	return walk_all(&root, 0);
}

static void survives_every_flipped_bit(void **state)
{
	size_t len = db.page_size * db.n_pages, whole = walk_copy(db.data, len);

	(void)state;
	assert_true(whole > 0);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		db.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		walk_copy(db.data, len);
		db.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(walk_copy(db.data, len), whole);
}

static void survives_every_truncation(void **state)
{
	(void)state;
	for (size_t len = 0; len < db.page_size * db.n_pages; len++)
		assert_int_equal(walk_copy(db.data, len), 0);
}

/* Written by containerd itself. */
static void survives_flipped_bytes_in_real_databases(void **state)
{
	static const char *const names[] = {DATA "bolt-containerd-1.6-devices",
					    DATA "bolt-containerd-1.7-snapshots"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		_cleanup_free_ char *text = NULL;
		size_t len;

		assert_int_equal(file_read_at(AT_FDCWD, names[i], MIB, &text, &len), 0);
		assert_true(walk_copy((uint8_t *)text, len) > 1000);
		for (size_t at = 0; at < len; at++) {
			text[at] = (char)~text[at];
			walk_copy((uint8_t *)text, len);
			text[at] = (char)~text[at];
		}
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_values),
		TEST(does_not_find_missing_keys),
		TEST(finds_buckets),
		TEST(walks_keys_in_order),
		TEST(uses_the_meta_page_with_the_larger_txid),
		TEST(reads_pages_of_every_size),
		TEST(refuses_cyclic_databases),
		TEST(limits_the_work_for_a_hostile_database),
		TEST(refuses_invalid_pages),
		TEST(survives_every_flipped_bit),
		TEST(survives_every_truncation),
		TEST(survives_flipped_bytes_in_real_databases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
