/* SPDX-License-Identifier: Apache-2.0 */
#include "job/trim-tell.h"

#include "base/exit.h"
#include "base/log.h"
#include "fake-log.h"
#include "json-text.h"

static char device[] = "docker-8:1-42-thin", pool[] = "pool";

static struct trimming trimming;

static int setup(void **state)
{
	(void)state;
	trimming = (struct trimming){
		.container = "docker:web",
		.id = "0123",
		.engine = "docker",
		.filesystem = "ext4",
		.report = {.device.name = device,
			   .pool.name = pool,
			   .fs_used_bytes = 300 * MIB,
			   .discarded_bytes = 3 * GIB,
			   .measured = true,
			   .before = {3 * GIB, 8 * GIB},
			   .after = {GIB, 6 * GIB}},
		.took_ms = 43,
	};
	fake_syslog = (struct fake_syslog){0};
	return 0;
}

static void expect(const char *expected)
{
	assert_string_equal(trim_tell(&trimming), expected);
}

static void says_what_came_back(void **state)
{
	(void)state;
	expect("docker:web: 2 GiB given back to pool \"pool\" (3 GiB mapped before, 1 GiB now)");
	trimming.report.after.mapped_bytes = trimming.report.before.mapped_bytes;
	expect("docker:web: nothing to give back to pool \"pool\" (3 GiB mapped)");
}

static void says_that_shared_blocks_stay_in_use(void **state)
{
	(void)state;
	trimming.report.after.pool_bytes = 7 * GIB;
	expect("docker:web: 1 GiB given back to pool \"pool\" (3 GiB mapped before, 1 GiB now); "
	       "1 GiB unmapped, but still in use in the pool: shared with snapshots, or written by "
	       "others meanwhile");
	trimming.report.after.pool_bytes = 9 * GIB;
	expect("docker:web: nothing given back to pool \"pool\" (3 GiB mapped before, 1 GiB now); "
	       "2 GiB unmapped, but still in use in the pool: shared with snapshots, or written by "
	       "others meanwhile");
}

static void says_what_a_dry_run_would_do(void **state)
{
	(void)state;
	trimming.dry_run = true;
	expect("docker:web: would trim it: 3 GiB mapped in pool \"pool\", 300 MiB used: at most "
	       "~2.70 GiB would come back");
}

static void says_why_it_was_not_trimmed(void **state)
{
	(void)state;
	strcpy(trimming.why.text, "it is so");
	trimming.report.measured = false;
	trimming.report.result = TRIM_SKIPPED;
	expect("docker:web: not trimmed: it is so");
	trimming.report.result = TRIM_NOT_APPLICABLE;
	expect("docker:web: it is so");
	trimming.report.result = TRIM_DONE;
	trimming.error = -EIO;
	expect("docker:web: not trimmed: it is so");
}

static void says_how_far_an_interrupted_trim_got(void **state)
{
	(void)state;
	trimming.report.result = TRIM_INTERRUPTED;
	expect("docker:web: 2 GiB given back to pool \"pool\" (3 GiB mapped before, 1 GiB now); "
	       "interrupted: the same command continues");
	trimming.left = true;
	expect("docker:web: left undone");
}

static void each_result_has_its_fate(void **state)
{
	static const enum trim_fate expected[] = {
		[TRIM_DONE] = TRIM_FATE_TRIMMED,     [TRIM_NOT_APPLICABLE] = TRIM_FATE_PASSED_OVER,
		[TRIM_SKIPPED] = TRIM_FATE_SKIPPED,  [TRIM_DENIED] = TRIM_FATE_REFUSED,
		[TRIM_INTERRUPTED] = TRIM_FATE_LEFT,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		trimming.report.result = (enum trim_result)i;
		assert_int_equal(trim_fate(&trimming), expected[i]);
	}
	trimming.error = -EIO;
	assert_int_equal(trim_fate(&trimming), TRIM_FATE_FAILED);
	trimming.error = -ESRCH;
	assert_int_equal(trim_fate(&trimming), TRIM_FATE_PASSED_OVER);
	trimming.left = true;
	assert_int_equal(trim_fate(&trimming), TRIM_FATE_LEFT);
}

static void logs_one_line_for_what_was_done(void **state)
{
	(void)state;
	trim_tell_log(&trimming, trim_fate(&trimming));
	assert_string_equal(fake_syslog.text,
			    "action=trim container=docker:web engine=docker "
			    "device=docker-8:1-42-thin pool=pool mapped_from=3221225472 "
			    "mapped_to=1073741824 returned=2147483648 took_ms=43");
	assert_int_equal(fake_syslog.priority, LOG_INFO);
	trimming.report.result = TRIM_INTERRUPTED;
	trim_tell_log(&trimming, trim_fate(&trimming));
	assert_contains(fake_syslog.text, "action=interrupted ");
	assert_lacks(fake_syslog.text, "reason=");
}

static void logs_why_nothing_was_done(void **state)
{
	(void)state;
	strcpy(trimming.why.text, "it is so");
	trimming.report.measured = false;
	trimming.report.result = TRIM_SKIPPED;
	trim_tell_log(&trimming, trim_fate(&trimming));
	assert_string_equal(fake_syslog.text,
			    "action=skip container=docker:web engine=docker "
			    "device=docker-8:1-42-thin pool=pool reason=\"it is so\" took_ms=43");
	assert_int_equal(fake_syslog.priority, LOG_WARNING);
	trimming.error = -EIO;
	trim_tell_log(&trimming, trim_fate(&trimming));
	assert_contains(fake_syslog.text, "action=fail ");
	assert_int_equal(fake_syslog.lines, 2);
	trimming.error = -ESRCH;
	trim_tell_log(&trimming, trim_fate(&trimming));
	trimming.left = true;
	trim_tell_log(&trimming, trim_fate(&trimming));
	assert_int_equal(fake_syslog.lines, 2);
}

/* As with --all, for a pool that the configuration does not allow. */
static void logs_the_fate_that_the_command_gave_it(void **state)
{
	(void)state;
	strcpy(trimming.why.text, "it is so");
	trimming.report.measured = false;
	trimming.report.result = TRIM_DENIED;
	trim_tell_log(&trimming, TRIM_FATE_SKIPPED);
	assert_contains(fake_syslog.text, "action=skip ");
	assert_int_equal(fake_syslog.priority, LOG_WARNING);
	trim_tell_log(&trimming, trim_fate(&trimming));
	assert_contains(fake_syslog.text, "action=refuse ");
	assert_int_equal(fake_syslog.priority, LOG_ERR);
}

static char *json(void (*write)(struct json_writer *w))
{
	struct json_writer *w = json_writer_begin();

	write(w);
	return json_text(w);
}

static void write_container(struct json_writer *w)
{
	json_write_array(w, "c");
	trim_tell_json(&trimming, trim_fate(&trimming), w);
	json_write_array_close(w);
}

static void expect_json(void (*write)(struct json_writer *w), const char *expected)
{
	char *text = json(write);

	assert_string_equal(text, expected);
	free(text);
}

static void json_has_the_bytes(void **state)
{
	(void)state;
	trimming.report.after.pool_bytes = 7 * GIB;
	expect_json(write_container,
		    "{\"c\":[{\"id\":\"0123\",\"container\":\"docker:web\",\"engine\":\"docker\","
		    "\"action\":\"trim\",\"device\":\"docker-8:1-42-thin\",\"pool\":\"pool\","
		    "\"filesystem\":\"ext4\",\"mapped_bytes_before\":3221225472,"
		    "\"mapped_bytes\":1073741824,\"pool_used_bytes_before\":8589934592,"
		    "\"pool_used_bytes\":7516192768,\"discarded_bytes\":3221225472,"
		    "\"returned_bytes\":1073741824,\"kept_bytes\":1073741824,"
		    "\"returnable_bytes\":null,\"reason\":null}]}\n");
}

static void json_has_null_for_what_is_not_known(void **state)
{
	(void)state;
	strcpy(trimming.why.text, "it is so");
	trimming.report.measured = false;
	trimming.report.pool.name = NULL;
	trimming.report.result = TRIM_SKIPPED;
	expect_json(write_container,
		    "{\"c\":[{\"id\":\"0123\",\"container\":\"docker:web\",\"engine\":\"docker\","
		    "\"action\":\"skip\",\"device\":\"docker-8:1-42-thin\",\"pool\":null,"
		    "\"filesystem\":\"ext4\",\"mapped_bytes_before\":null,\"mapped_bytes\":null,"
		    "\"pool_used_bytes_before\":null,\"pool_used_bytes\":null,"
		    "\"discarded_bytes\":null,\"returned_bytes\":null,\"kept_bytes\":null,"
		    "\"returnable_bytes\":null,\"reason\":\"it is so\"}]}\n");
}

/* --- pools ----------------------------------------------------------------------------------- */

static struct trim_pools pools;

static void add_pool(const char *name, enum thin_discards discards, bool told)
{
	char *copy = strdup(name);
	const struct trimming added = {
		.report.pool = {.name = copy, .discards = discards, .told_to_keep = told}};

	assert_int_equal(trim_pools_add(&pools, &added), 0);
	free(copy);
}

static void skip_in(const char *name, const char *reason, bool is_pools)
{
	char *copy = strdup(name);
	struct trimming skipped = {.report = {.result = TRIM_SKIPPED, .is_pools = is_pools}};

	skipped.report.pool.name = copy;
	why_set(&skipped.why, 0, "%s", reason);
	assert_int_equal(trim_pools_add(&pools, &skipped), 0);
	free(copy);
}

static void the_containers_of_a_pool_in_trouble_are_one_line(void **state)
{
	(void)state;
	skip_in("a", "its groups are small", false);
	skip_in("b", "pool \"b\" has failed", true);
	assert_string_equal(trim_pool_skipped(&pools.pools[0]), "");
	assert_string_equal(trim_pool_skipped(&pools.pools[1]),
			    "1 container: not trimmed: pool \"b\" has failed");
	skip_in("b", "pool \"b\" has failed", true);
	assert_string_equal(trim_pool_skipped(&pools.pools[1]),
			    "2 containers: not trimmed: pool \"b\" has failed");
	trim_pools_free(&pools);
}

static void write_pools(struct json_writer *w)
{
	trim_pools_json(&pools, w);
}

static void each_pool_is_named_once(void **state)
{
	(void)state;
	add_pool("a", THIN_DISCARDS_PASSED, false);
	add_pool("b", THIN_DISCARDS_IGNORED, false);
	add_pool("a", THIN_DISCARDS_PASSED, false);
	add_pool("c", THIN_DISCARDS_KEPT, true);
	add_pool("d", THIN_DISCARDS_KEPT, false);
	assert_int_equal(pools.n, 4);
	assert_string_equal(trim_pool_note(&pools.pools[0]), "");
	assert_contains(trim_pool_note(&pools.pools[1]), "pool \"b\" ignores discards");
	assert_contains(trim_pool_note(&pools.pools[2]),
			"pool \"c\" passes no discards down (no_discard_passdown)");
	assert_contains(trim_pool_note(&pools.pools[3]), "(the device below it supports none)");
	trim_pools_free(&pools);
	add_pool("a", THIN_DISCARDS_PASSED, false);
	expect_json(write_pools, "{\"pools\":[{\"name\":\"a\",\"discards\":\"passed down\","
				 "\"note\":null}]}\n");
	trim_pools_free(&pools);
}

/* --- the sum --------------------------------------------------------------------------------- */

static void expect_sum(struct trim_sum sum, bool dry_run, const char *expected)
{
	char *text;
	FILE *out = text_stream(&text);

	trim_sum_print(&sum, dry_run, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void the_sum_leaves_out_zeros(void **state)
{
	(void)state;
	expect_sum((struct trim_sum){.returned_bytes = 0}, false, "no containers\n");
	expect_sum((struct trim_sum){{1, 0, 2}, 3 * GIB}, false,
		   "1 trimmed, 2 not running or not on a thin device: 3 GiB given back\n");
	expect_sum((struct trim_sum){{2, 1}, GIB}, true,
		   "2 would be trimmed, 1 skipped: at most 1 GiB\n");
}

static void the_sum_adds_what_came_back(void **state)
{
	struct trim_sum sum = {.returned_bytes = 0};

	(void)state;
	trim_sum_add(&sum, &trimming, TRIM_FATE_TRIMMED);
	trim_sum_add(&sum, &trimming, TRIM_FATE_LEFT);
	trimming.report.measured = false;
	trim_sum_add(&sum, &trimming, TRIM_FATE_SKIPPED);
	assert_int_equal(sum.returned_bytes, 4 * GIB);
	assert_int_equal(sum.n[TRIM_FATE_TRIMMED] + sum.n[TRIM_FATE_LEFT], 2);
}

static int status_with(enum trim_fate fate, enum trim_fate other, bool all)
{
	struct trim_sum sum = {.returned_bytes = 0};

	sum.n[fate]++;
	sum.n[other]++;
	return trim_sum_exit_status(&sum, all);
}

static void the_worst_result_is_the_exit_status(void **state)
{
	(void)state;
	assert_int_equal(status_with(TRIM_FATE_TRIMMED, TRIM_FATE_TRIMMED, false), EXIT_OK);
	assert_int_equal(status_with(TRIM_FATE_SKIPPED, TRIM_FATE_PASSED_OVER, true), EXIT_OK);
	assert_int_equal(status_with(TRIM_FATE_TRIMMED, TRIM_FATE_SKIPPED, false),
			 EXIT_NOT_APPLICABLE);
	assert_int_equal(status_with(TRIM_FATE_TRIMMED, TRIM_FATE_PASSED_OVER, false),
			 EXIT_NOT_APPLICABLE);
	assert_int_equal(status_with(TRIM_FATE_TRIMMED, TRIM_FATE_MISSING, false),
			 EXIT_NOT_APPLICABLE);
	assert_int_equal(status_with(TRIM_FATE_REFUSED, TRIM_FATE_MISSING, false), EXIT_REFUSED);
	assert_int_equal(status_with(TRIM_FATE_REFUSED, TRIM_FATE_FAILED, true), EXIT_FAILED);
}

#define TEST(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_what_came_back),
		TEST(says_that_shared_blocks_stay_in_use),
		TEST(says_what_a_dry_run_would_do),
		TEST(says_why_it_was_not_trimmed),
		TEST(says_how_far_an_interrupted_trim_got),
		TEST(each_result_has_its_fate),
		TEST(logs_one_line_for_what_was_done),
		TEST(logs_why_nothing_was_done),
		TEST(logs_the_fate_that_the_command_gave_it),
		TEST(json_has_the_bytes),
		TEST(json_has_null_for_what_is_not_known),
		TEST(each_pool_is_named_once),
		TEST(the_containers_of_a_pool_in_trouble_are_one_line),
		TEST(the_sum_leaves_out_zeros),
		TEST(the_sum_adds_what_came_back),
		TEST(the_worst_result_is_the_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
