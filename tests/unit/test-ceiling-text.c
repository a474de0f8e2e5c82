/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ceiling-text.h"

#include "json-text.h"

static struct policy policy;
static struct rule rule;
static struct engine_container container;
static struct outlook outlook;
static struct ceiling ceiling;
static struct ceiling_view view;
static struct thin_pool pool;
static char pool_name[] = "pool", device[] = "docker-8:1-42-thin";

/* A running container of 4 GiB that may grow to 16 GiB, half full; the daemon runs. */
static int setup(void **state)
{
	(void)state;
	policy = policy_builtin;
	rule = (struct rule){.name = "db", .file = "/etc/x.json", .line = 7};
	container = (struct engine_container){.engine = "docker", .pid = 1};
	outlook = (struct outlook){
		.disk = {.container = &container,
			 .used_bytes = 2 * GIB,
			 .available_bytes = 2 * GIB},
		.size_bytes = 4 * GIB,
	};
	ceiling = (struct ceiling){
		.verdict = {.limits = policy_builtin.autogrow, .source = AUTOGROW_TENANT},
		.asked = {"annotation:io.oci-thin-grow.max"}};
	ceiling.verdict.limits.max_bytes = 16 * GIB;
	pool = (struct thin_pool){.name = pool_name, .data_blocks = 100, .data_used_blocks = 80};
	view = (struct ceiling_view){&ceiling, &policy, &outlook, &pool, NULL};
	return 0;
}

static void expect(bool verbose, const char *expected)
{
	char *text;
	FILE *out = text_stream(&text);

	ceiling_print(&view, verbose, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

#define PACE "            when it is 85 % full: by 100 %, 1 GiB to 64 GiB; 6 per 10m, 30s apart\n"

static void says_how_far_when_and_what_would_happen_next(void **state)
{
	(void)state;
	expect(false, "autogrow    up to 16 GiB, annotation io.oci-thin-grow.max\n" PACE
		      "            to 8 GiB, as soon as ~3.39 GiB are used\n");
}

static void names_the_rule_or_the_key_with_file_and_line(void **state)
{
	(void)state;
	ceiling.verdict.source = AUTOGROW_RULE;
	ceiling.verdict.rule = &rule;
	rule.has_autogrow_max = true;
	ceiling.verdict.exceeded_bytes = 2 * TIB;
	outlook.disk.used_bytes = outlook.disk.available_bytes = 0;
	expect(false, "autogrow    up to 16 GiB, autogrow.max of rule db (/etc/x.json:7); reduced "
		      "from 2 TiB to the limit\n" PACE);
	ceiling.verdict.source = AUTOGROW_CONFIG;
	ceiling.verdict.exceeded_bytes = 0;
	expect(false, "autogrow    up to 16 GiB, autogrow.max (the default)\n" PACE);
}

static void verbose_says_where_each_value_is_set(void **state)
{
	(void)state;
	ceiling.verdict.rule = &rule;
	rule.autogrow.by_permille = 1000;
	rule.autogrow.budget = 6;
	outlook.size_bytes = 16 * GIB;
	expect(true, "autogrow    up to 16 GiB, annotation io.oci-thin-grow.max\n" PACE
		     "            autogrow.at: 85% (the default)\n"
		     "            autogrow.by: 100% of rule db (/etc/x.json:7)\n"
		     "            autogrow.min_step: 1G (the default)\n"
		     "            autogrow.max_step: 64G (the default)\n"
		     "            autogrow.cooldown: 30s (the default)\n"
		     "            autogrow.budget: 6 per 10m of rule db (/etc/x.json:7)\n"
		     "            not now: it has its maximum\n");
}

static void is_off_without_a_maximum(void **state)
{
	(void)state;
	ceiling = (struct ceiling){.verdict.source = AUTOGROW_OFF};
	expect(false, "autogrow    off: no maximum is set\n");
	text_into(&ceiling.asked, "label:io.oci-thin-grow.max.app");
	why_set(&ceiling.verdict.ignored, 0, "\"lots\" is not a size");
	expect(false,
	       "autogrow    off: no maximum is set\n"
	       "            label io.oci-thin-grow.max.app is ignored: \"lots\" is not a size\n");
	ceiling.sandbox = true;
	expect(false, "");
}

static void expect_held(const char *reason)
{
	struct text expected;

	text_into(&expected, "%s",
		  "autogrow    up to 16 GiB, annotation io.oci-thin-grow.max\n" PACE);
	text_add(&expected, "            not now: %s\n", reason);
	expect(false, expected.s);
}

static void says_why_it_would_not_grow(void **state)
{
	(void)state;
	pool.data_used_blocks = 81;
	expect_held("its pool is more than 80 % full (pool_guard.autogrow_data_percent)");
	outlook.disk.device = device;
	outlook.healing.armed = true;
	policy.pool_guard.data_percent = 79;
	expect_held("its pool is more than 79 % full (pool_guard.data_percent)");
	outlook.healing.armed = false;
	expect_held("nothing would extend the device at the next start (see healing)");
	container.pid = 0;
	expect_held("it is stopped");
	view.held = "oci-thin-growd is not running";
	expect_held("oci-thin-growd is not running");
	outlook.size_bytes = 16 * GIB;
	expect_held("it has its maximum");
	outlook.in_vm = true;
	expect_held("a virtual machine has the disk: only its guest can grow the filesystem");
}

static char *as_json(void)
{
	struct json_writer *w = json_writer_begin();

	ceiling_json(&view, w);
	return json_text(w);
}

static void does_not_grow_in_a_pool_that_must_be_repaired_first(void **state)
{
	(void)state;
	pool.trouble = "read-only";
	expect(false, "autogrow    up to 16 GiB, annotation io.oci-thin-grow.max\n" PACE
		      "            not now: its pool is read-only\n");
	pool.trouble = "failed";
	pool.failed = true;
	expect(false, "autogrow    up to 16 GiB, annotation io.oci-thin-grow.max\n" PACE
		      "            not now: its pool has failed\n");
}

static void writes_the_same_as_json(void **state)
{
	char *text;

	(void)state;
	ceiling.verdict.rule = &rule;
	rule.autogrow.at_permille = 850;
	text = as_json();
	assert_string_equal(
		text, "{\"autogrow\":{\"max_bytes\":17179869184,"
		      "\"source\":\"annotation:io.oci-thin-grow.max\",\"exceeded_bytes\":null,"
		      "\"ignored\":null,\"at_permille\":850,\"by_permille\":1000,"
		      "\"min_step_bytes\":1073741824,\"max_step_bytes\":68719476736,"
		      "\"cooldown_ms\":30000,\"budget\":6,\"budget_ms\":600000,"
		      "\"origins\":{\"autogrow.at\":\"/etc/x.json:7\"},\"next_bytes\":8589934592,"
		      "\"next_used_bytes\":3650722201,\"held\":null}}\n");
	free(text);
	view.held = "no";
	ceiling.verdict.source = AUTOGROW_RULE;
	text = as_json();
	assert_contains(text, "\"source\":\"rule:db\"");
	assert_contains(text, "\"autogrow.max\":\"/etc/x.json:7\"}");
	assert_contains(text, "\"next_bytes\":null,\"next_used_bytes\":null,\"held\":\"no\"");
	free(text);
	ceiling = (struct ceiling){.verdict.source = AUTOGROW_OFF};
	text = as_json();
	assert_string_equal(text, "{\"autogrow\":{\"max_bytes\":null,\"source\":null,"
				  "\"exceeded_bytes\":null,\"ignored\":null}}\n");
	free(text);
}

#define TEXT_TEST(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEXT_TEST(says_how_far_when_and_what_would_happen_next),
		TEXT_TEST(names_the_rule_or_the_key_with_file_and_line),
		TEXT_TEST(verbose_says_where_each_value_is_set),
		TEXT_TEST(is_off_without_a_maximum),
		TEXT_TEST(says_why_it_would_not_grow),
		TEXT_TEST(does_not_grow_in_a_pool_that_must_be_repaired_first),
		TEXT_TEST(writes_the_same_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
