/* SPDX-License-Identifier: Apache-2.0 */
#include "host/explanation.h"

#include "json-text.h"

static char device[] = "docker-8:1-42-thin", ext4[] = "ext4", pool[] = "docker-pool";
static struct engine_container container;
static struct rule rules[2];
static struct rule_verdict verdicts[2];
static struct policy policy;
static struct explanation this;

/* A running container of Docker that has 1 GiB, and asks for 4 GiB by a label. */
static int setup(void **state)
{
	(void)state;
	container = (struct engine_container){.engine = "docker", .pid = 1};
	rules[0] = (struct rule){.name = "gold", .file = "/etc/c.json", .line = 7};
	rules[1] = (struct rule){.name = "all", .max_bytes = 8 * GIB, .file = "/etc/c.json"};
	verdicts[0] = (struct rule_verdict){.reached = true, .why = {"its image is \"nginx\""}};
	verdicts[1] = (struct rule_verdict){.reached = true, .matches = true};
	policy = policy_builtin;
	this = (struct explanation){
		.policy = &policy,
		.job = {.container = "docker:web",
			.bundle = "",
			.engine = "docker",
			.dry_run = true,
			.verdicts = verdicts,
			.outcome = JOB_GROWN,
			.request = {.bytes = 4 * GIB,
				    .text = "4G",
				    .origin = ORIGIN_LABEL,
				    .key = "size"},
			.rootfs.fs_name = ext4,
			.report.plan = {.device_sectors = 4 * GIB / 512,
					.fs_bytes = 4 * GIB,
					.fs_now_bytes = 4 * GIB}},
		.state = "running",
		.outlook = {.disk = {.container = &container,
				     .device = device,
				     .dev = 0xfc03,
				     .thin_id = 42,
				     .device_bytes = GIB,
				     .filesystem = ext4,
				     .filesystem_bytes = GIB},
			    .size_bytes = GIB,
			    .engine_bytes = GIB,
			    .healing.armed = true,
			    .next = NEXT_STARTS,
			    .next_bytes = GIB},
		.engine_calls_us = true,
	};
	return 0;
}

/* To be freed. */
static char *text_of(bool verbose)
{
	char *text;
	FILE *out = text_stream(&text);

	explanation_print(&this, verbose, out);
	fclose(out);
	return text;
}

static void expect(const char *line)
{
	char *text = text_of(false);

	assert_contains(text, line);
	free(text);
}

static void expect_none(const char *line)
{
	char *text = text_of(false);

	assert_lacks(text, line);
	free(text);
}

static void expect_json(const char *member)
{
	struct json_writer *w = json_writer_begin();
	char *text;

	json_write_array(w, "containers");
	explanation_json(&this, w);
	json_write_array_close(w);
	text = json_text(w);
	assert_contains(text, member);
	free(text);
}

static void put_rules(void)
{
	policy.rules = rules;
	policy.n_rules = 2;
}

static void put_pool(void)
{
	this.pool = (struct thin_pool){.name = pool,
				       .block_sectors = 128,
				       .data_blocks = 1638400,
				       .data_used_blocks = 163840,
				       .metadata_blocks = 1000,
				       .metadata_used_blocks = 25};
}

static void explains_a_growth(void **state)
{
	char *text;

	(void)state;
	text = text_of(false);
	assert_string_equal(text, "container   docker:web, running\n"
				  "size        1 GiB, ext4\n"
				  "grown       no\n"
				  "engine      docker re-creates the device with 1 GiB\n"
				  "request     4 GiB, from label size\n"
				  "limit       1 TiB, max_size (the default)\n"
				  "autogrow    off: no maximum is set\n"
				  "next start  1 GiB, then grown to 4 GiB (label size)\n"
				  "healing     by the udev rule, before the device is mounted\n"
				  "would       grow the device to 4 GiB\n"
				  "would       grow the filesystem to 4 GiB\n");
	free(text);
	expect_json("\"plan\":{\"device_bytes\":4294967296,\"filesystem_bytes\":4294967296,"
		    "\"filesystem_now_bytes\":4294967296}");
	expect_json("\"action\":\"grow\",\"reason\":null,\"warning\":null");
}

static void names_each_rule_and_why_it_does_not_match(void **state)
{
	(void)state;
	put_rules();
	expect("rule        gold: no, its image is \"nginx\" (/etc/c.json:7)\n"
	       "rule        all: matches (/etc/c.json:0)\n");
	expect_json("\"name\":\"gold\",\"file\":\"/etc/c.json\",\"line\":7,\"matches\":false,"
		    "\"reason\":\"its image is \\\"nginx\\\"\"");
	verdicts[0].reached = false;
	expect("rule        gold: no, not reached (/etc/c.json:7)\n");
	expect_json("\"reason\":\"not reached\"");
}

static void names_the_limit_of_the_rule_that_applies(void **state)
{
	(void)state;
	put_rules();
	this.job.request.rule = &rules[1];
	expect("limit       8 GiB, max_size of rule all (/etc/c.json:0)\n");
	expect_json("\"limit\":{\"bytes\":8589934592,\"rule\":\"all\",\"file\":\"/etc/c.json\"");
	this.job.request.rule = &rules[0];
	expect("limit       1 TiB, max_size (the default)\n");
	expect_json("\"limit\":{\"bytes\":1099511627776,\"rule\":null,\"file\":null");
}

static void says_what_is_wrong_with_a_request(void **state)
{
	(void)state;
	this.job.request.exceeded_bytes = 9 * GIB;
	expect("request     4 GiB, from label size\n"
	       "            it requests 9 GiB, which is reduced to the limit\n");
	this.job.request.bytes = this.job.request.exceeded_bytes = 0;
	expect("request     cannot be read, from label size\n");
	expect_json("\"text\":\"4G\",\"bytes\":null");
	this.job.request.origin = ORIGIN_NONE;
	expect("request     none\n");
	expect_json("\"request\":null");
	this.job.sandbox = true;
	expect("request     none: this is a pod's sandbox\n");
}

static void shows_the_pool_if_it_is_known(void **state)
{
	(void)state;
	expect_none("pool ");
	expect_json("\"pool\":null");
	put_pool();
	expect("pool        \"docker-pool\": 10.0 % of 100 GiB used, 2.5 % of its metadata\n");
	expect_json("\"pool\":{\"name\":\"docker-pool\",\"data_bytes\":107374182400,"
		    "\"data_used_bytes\":10737418240,");
	this.pool.trouble = "out of space";
	expect("2.5 % of its metadata, out of space\n");
	expect_json("\"trouble\":\"out of space\"");
}

static void says_so_if_the_engine_does_not_call_us(void **state)
{
	(void)state;
	this.engine_calls_us = false;
	expect("next start  1 GiB; docker does not call oci-thin-grow, so that label size has no "
	       "effect. Fix: oci-thin-grow enable docker\n");
	this.outlook.next_bytes = 4 * GIB;
	expect("next start  4 GiB\n");
}

static void a_stopped_container_waits_for_its_start(void **state)
{
	(void)state;
	this.state = "stopped";
	this.job.outcome = JOB_FAILED;
	this.job.error = -ESRCH;
	strcpy(this.job.why.text, "it is not running");
	expect("would       do nothing before it starts\n");
	expect("next start  1 GiB, then grown to 4 GiB (label size)\n");
	expect_json("\"running\":false");
	expect_json("\"plan\":null,\"action\":\"wait\",\"reason\":null");
	this.job.error = -EIO;
	expect("would       fail: it is not running\n");
	expect_json("\"action\":\"fail\",\"reason\":\"it is not running\"");
}

static void says_why_nothing_is_done(void **state)
{
	(void)state;
	this.job.outcome = JOB_NOTHING;
	expect("would       do nothing: no size is requested\n");
	this.job.outcome = JOB_KEPT;
	expect("would       do nothing: device and filesystem are large enough\n");
	this.job.outcome = JOB_REFUSED;
	strcpy(this.job.why.text, "too large");
	expect("would       refuse: too large\n");
	expect_json("\"action\":\"refuse\",\"reason\":\"too large\"");
}

static void says_what_is_grown_in_the_background(void **state)
{
	(void)state;
	this.job.report.plan.fs_now_bytes = 2 * GIB;
	expect("would       grow the device to 4 GiB\n"
	       "would       grow the filesystem to 4 GiB, in the background\n"
	       "            grow it to 2 GiB before the container starts\n");
	expect_json("\"filesystem_now_bytes\":2147483648");
	this.job.outcome = JOB_KEPT;
	this.job.report.put_off = true;
	expect("would       do nothing before the start; oci-thin-growd goes on in the "
	       "background\n");
}

static void finishes_a_growth(void **state)
{
	(void)state;
	this.job.report.plan = (struct plan){0};
	this.job.report.unfinished = true;
	expect("would       finish a growth\n");
	expect_none("grow the filesystem");
}

static void knows_containers_without_a_thin_device(void **state)
{
	(void)state;
	this.outlook.disk.device = NULL;
	this.state = "";
	expect("container   docker:web\n"
	       "size        not on a thin device\n");
	expect_none("next start");
	expect_json("\"running\":null");
	expect_json("\"device\":null");
	expect_none("autogrow");
	expect_json("\"autogrow\":null");
}

static void says_how_far_it_grows_by_itself(void **state)
{
	(void)state;
	this.ceiling.verdict = (struct autogrow_verdict){
		.limits = policy_builtin.autogrow, .rule = &rules[0], .source = AUTOGROW_RULE};
	this.ceiling.verdict.limits.max_bytes = 8 * GIB;
	expect("autogrow    up to 8 GiB, autogrow.max of rule gold (/etc/c.json:7)\n");
	expect_json("\"autogrow\":{\"max_bytes\":8589934592,\"source\":\"rule:gold\"");
	put_pool();
	this.pool.data_used_blocks = this.pool.data_blocks;
	expect("not now: its pool is more than 80 % full");
	this.held = "oci-thin-growd is not running";
	expect("not now: oci-thin-growd is not running\n");
}

static void shows_numbers_only_with_verbose(void **state)
{
	char *text;

	(void)state;
	put_pool();
	expect_none("sectors");
	expect_none("blocks");
	text = text_of(true);
	assert_contains(text,
			"device      \"docker-8:1-42-thin\" (252:3), thin id 42, "
			"2097152 sectors\n"
			"filesystem  ext4, 1073741824 bytes\n"
			"pool        163840 of 1638400 data blocks, 25 of 1000 metadata blocks\n");
	free(text);
}

static void quotes_names_that_a_tenant_chose(void **state)
{
	(void)state;
	this.job.container = "a\033[2Jb";
	expect("container   \"a\\x1b[2Jb\", running\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(explains_a_growth, setup),
		cmocka_unit_test_setup(names_each_rule_and_why_it_does_not_match, setup),
		cmocka_unit_test_setup(names_the_limit_of_the_rule_that_applies, setup),
		cmocka_unit_test_setup(says_what_is_wrong_with_a_request, setup),
		cmocka_unit_test_setup(shows_the_pool_if_it_is_known, setup),
		cmocka_unit_test_setup(says_so_if_the_engine_does_not_call_us, setup),
		cmocka_unit_test_setup(a_stopped_container_waits_for_its_start, setup),
		cmocka_unit_test_setup(says_why_nothing_is_done, setup),
		cmocka_unit_test_setup(says_what_is_grown_in_the_background, setup),
		cmocka_unit_test_setup(finishes_a_growth, setup),
		cmocka_unit_test_setup(knows_containers_without_a_thin_device, setup),
		cmocka_unit_test_setup(says_how_far_it_grows_by_itself, setup),
		cmocka_unit_test_setup(shows_numbers_only_with_verbose, setup),
		cmocka_unit_test_setup(quotes_names_that_a_tenant_chose, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
