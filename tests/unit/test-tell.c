/* SPDX-License-Identifier: Apache-2.0 */
#include "job/tell.h"

#include "json-text.h"

static char fs_name[] = "ext4", device[] = "docker-8:1-42-thin";

static struct job job;

static int setup(void **state)
{
	(void)state;
	job = (struct job){
		.container = "docker:web",
		.engine = "docker",
		.outcome = JOB_GROWN,
		.request = {.bytes = 4 * GIB, .origin = ORIGIN_LABEL, .key = "size"},
		.rootfs.fs_name = fs_name,
		.report = {.device = {.name = device, .sectors = 4 * GIB / 512},
			   .from_sectors = GIB / 512,
			   .fs_before.bytes = GIB,
			   .fs.bytes = 4 * GIB},
		.took_ms = 43,
	};
	return 0;
}

static void expect(const char *expected)
{
	char *text;
	FILE *out = text_stream(&text);

	tell_text(&job, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void says_what_was_done(void **state)
{
	(void)state;
	expect("docker:web: grown from 1 GiB to 4 GiB in 43 ms (label size)\n");
	job.request.origin = ORIGIN_COMMAND;
	expect("docker:web: grown from 1 GiB to 4 GiB in 43 ms\n");
	job.report.from_sectors = job.report.device.sectors;
	expect("docker:web: its ext4 is grown from 1 GiB to 4 GiB in 43 ms\n");
	job.report.unfinished = true;
	expect("docker:web: finished an earlier growth, to 4 GiB in 43 ms\n");
	job.report.unfinished = false;
	job.outcome = JOB_KEPT;
	expect("docker:web: has 4 GiB already\n");
}

static void says_what_would_be_done(void **state)
{
	(void)state;
	job.dry_run = true;
	job.report.plan = (struct plan){.device_sectors = 4 * GIB / 512, .fs_bytes = 4 * GIB};
	expect("docker:web: would grow the device from 1 GiB to 4 GiB and its ext4 from 1 GiB to "
	       "4 GiB (label size)\n");
	job.report.plan.device_sectors = 0;
	expect("docker:web: would grow its ext4 from 1 GiB to 4 GiB (label size)\n");
	job.report.plan.fs_bytes = 0;
	job.report.unfinished = true;
	expect("docker:web: would finish a growth (label size)\n");
}

static void says_the_size_in_the_unit_that_was_typed(void **state)
{
	(void)state;
	job.request = (struct request){.origin = ORIGIN_COMMAND, .key = "grow", .text = "1500G"};
	job.report.device.sectors = 1500 * GIB / 512;
	expect("docker:web: grown from 1 GiB to 1500 GiB in 43 ms\n");
}

/* A pool of 100 GiB of which 10 are used, and an ext4 as mkfs makes it. */
static void put_pool(void)
{
	static char pool[] = "pool";

	job.report.pool = (struct thin_pool){.name = pool,
					     .block_sectors = 128,
					     .data_blocks = 1638400,
					     .data_used_blocks = 163840};
	job.report.fs_before = (struct growfs){
		.type = FS_EXT4,
		.block_bytes = 4096,
		.bytes = GIB,
		.group_bytes = 128 * MIB,
		.group_metadata_bytes = 2 * MIB + 8192,
		.ext4 = {.flex_groups = 16, .descriptors_per_block = 64, .descriptor_blocks = 1},
	};
}

static void says_what_a_large_growth_costs_the_pool(void **state)
{
	(void)state;
	assert_string_equal(tell_cost(&job), "");
	put_pool();
	job.report.plan = (struct plan){.device_sectors = 4 * GIB / 512, .fs_bytes = 4 * GIB};
	assert_string_equal(tell_cost(&job), "");
	job.report.plan = (struct plan){.device_sectors = 80 * GIB / 512, .fs_bytes = 80 * GIB};
	assert_string_equal(
		tell_cost(&job),
		"docker:web: its ext4 takes up to ~1.24 GiB of pool \"pool\" for itself");
	job.report.plan =
		(struct plan){.device_sectors = 2 * GIB / 512 * 50, .fs_bytes = 100 * GIB};
	assert_string_equal(
		tell_cost(&job),
		"docker:web: its ext4 takes up to ~1.56 GiB of pool \"pool\" for itself; pool "
		"\"pool\" has 90 GiB free: growing a container does not grow the pool");
	job.outcome = JOB_KEPT;
	assert_string_equal(tell_cost(&job), "");
}

/* Control characters in a name must not reach a terminal. */
static void quotes_the_container(void **state)
{
	(void)state;
	job.container = "docker:\x1b[2J";
	job.outcome = JOB_KEPT;
	expect("\"docker:\\x1b[2J\": has 4 GiB already\n");
}

static char *as_json(void)
{
	struct json_writer *w = json_writer_begin();

	tell_json(&job, w);
	return json_text(w);
}

static void prints_the_same_as_json(void **state)
{
	char *text = as_json();

	(void)state;
	assert_string_equal(
		text, "{\"container\":\"docker:web\",\"engine\":\"docker\",\"action\":\"grow\","
		      "\"dry_run\":false,\"source\":\"label:size\",\"requested_bytes\":4294967296,"
		      "\"device\":\"docker-8:1-42-thin\",\"device_bytes_before\":1073741824,"
		      "\"device_bytes\":4294967296,\"filesystem\":\"ext4\","
		      "\"filesystem_bytes_before\":1073741824,\"filesystem_bytes\":4294967296,"
		      "\"pool_cost_bytes\":null,\"pool_free_bytes\":null,"
		      "\"reason\":null,\"warning\":null,\"healing\":null}\n");
	free(text);
}

static void prints_no_request_as_json(void **state)
{
	char *text;

	(void)state;
	job.outcome = JOB_NOTHING;
	job.request = (struct request){0};
	job.report = (struct grow_report){0};
	text = as_json();
	assert_string_equal(
		text,
		"{\"container\":\"docker:web\",\"engine\":\"docker\","
		"\"action\":\"nothing\",\"dry_run\":false,\"source\":null,"
		"\"requested_bytes\":null,\"reason\":null,\"warning\":null,\"healing\":null}\n");
	free(text);
}

static void expect_message(const char *expected)
{
	struct text message;

	tell_message(&job, &message);
	assert_string_equal(message.s, expected);
}

static void an_error_has_what_was_typed_and_why_it_failed(void **state)
{
	(void)state;
	job.bundle = "/b";
	job.request.origin = ORIGIN_COMMAND;
	snprintf(job.why.text, sizeof(job.why.text), "reason");
	job.outcome = JOB_REFUSED;
	expect_message("docker:web: not grown: reason");
	job.outcome = JOB_POSTPONED;
	expect_message("docker:web: not grown yet: reason");
	job.outcome = JOB_NOT_APPLICABLE;
	expect_message("docker:web: reason. Nothing to grow here");
	job.bundle = "";
	job.container = "process 1";
	expect_message("process 1 is not in a container with a thin disk: reason");
	job.container = "web\x1b";
	expect_message("\"web\\x1b\" is not in a container with a thin disk: reason");
}

static void an_interrupt_is_not_a_failure(void **state)
{
	(void)state;
	job.outcome = JOB_FAILED;
	job.error = -ECANCELED;
	snprintf(job.why.text, sizeof(job.why.text), "interrupted at 2 GiB of 4 GiB");
	assert_string_equal(tell_action(&job), "interrupted");
	expect_message("docker:web: interrupted at 2 GiB of 4 GiB");
}

#define TELL_TEST(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TELL_TEST(says_what_was_done),
		TELL_TEST(says_what_would_be_done),
		TELL_TEST(says_the_size_in_the_unit_that_was_typed),
		TELL_TEST(says_what_a_large_growth_costs_the_pool),
		TELL_TEST(quotes_the_container),
		TELL_TEST(prints_the_same_as_json),
		TELL_TEST(prints_no_request_as_json),
		TELL_TEST(an_error_has_what_was_typed_and_why_it_failed),
		TELL_TEST(an_interrupt_is_not_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
