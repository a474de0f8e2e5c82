/* SPDX-License-Identifier: Apache-2.0 */
#include "host/metrics-text.h"

#include "unit.h"

#define LABELS "{engine=\"docker\",namespace=\"\",name=\"web\",id=\"0123\",device=\"docker-1\"}"

static char *text;

static const struct engine_container web = {
	.engine = "docker",
	.id = (char *)(uintptr_t) "0123",
	.name = (char *)(uintptr_t) "web",
	.pid = 1,
	.remembered = GIB,
};
static const struct engine_container hostile = {
	.engine = "containerd",
	.id = (char *)(uintptr_t) "4567",
	.name = (char *)(uintptr_t) "a\"} 1\n# HELP up \\",
	.namespace = (char *)(uintptr_t) "k8s.io",
};

static struct daemon_disk watched = {
	.state = DISK_LIMITED,
	.max = 16 * GIB,
	.bytes_per_second = 1000,
	.steps = 3,
	.backoff_ms = 20000,
};
static struct daemon_disk only_watched = {.bytes_per_second = 7};

static struct metrics_row rows[] = {
	{.inventory = {.container = &web,
		       .device = (char *)(uintptr_t) "docker-1",
		       .device_bytes = 4 * GIB,
		       .filesystem_bytes = 4 * GIB - 4096,
		       .used_bytes = 0,
		       .available_bytes = 3 * GIB,
		       .requested_bytes = 4 * GIB},
	 .risk = RISK_NOT_HEALED,
	 .disk = &watched},
	{.inventory = {.container = &hostile, .device = (char *)(uintptr_t) "pool-snap-1"},
	 .risk = RISK_NONE,
	 .disk = &only_watched},
	{.inventory = {.container = &hostile, .device = (char *)(uintptr_t) "pool-snap-1"},
	 .risk = RISK_UNFINISHED,
	 .in_vm = true},
};
static struct survey_pool pools[] = {
	{.status = {.name = (char *)(uintptr_t) "p1",
		    .block_sectors = 128,
		    .data_used_blocks = 16384,
		    .data_blocks = 32768,
		    .metadata_used_blocks = 10,
		    .metadata_blocks = 1000},
	 .virtual_bytes = 5 * GIB,
	 .active = 2,
	 .extender = {.by = EXTENDER_DMEVENTD, .percent = 70},
	 .forecast = {.known = true, .fills = true, .bytes_per_second = MIB, .seconds = 1024}},
	{.status = {.name = (char *)(uintptr_t) "p2", .trouble = "out of data space"},
	 .forecast.known = true},
};
static struct ledger_entry entries[] = {{.state = LEDGER_DONE, .in_vm = true},
					{.state = LEDGER_INTENDED}};
static struct survey survey = {
	.pools = pools,
	.n_pools = COUNT_OF(pools),
	.entries = entries,
	.n_entries = COUNT_OF(entries),
	.damaged_entries = 3,
	.daemon_runs = true,
	.watched = {.pid = 1, .counts = {[COUNT_GROWN] = 5, [COUNT_LIMITED] = 2}},
	.engine_devices = 2,
	.unhealed_devices = 1,
	.unread = 4,
};
static const struct metrics metrics = {&survey, rows, COUNT_OF(rows), 1700000000};

static void write_text(const struct metrics *of)
{
	FILE *out;

	free(text);
	out = text_stream(&text);
	assert_int_equal(metrics_write(of, out), 0);
	fclose(out);
}

static int setup(void **state)
{
	(void)state;
	text = NULL;
	write_text(&metrics);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(text);
	return 0;
}

/* How often @part occurs. */
static int count(const char *part)
{
	int n = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

static void reports_containers(void **state)
{
	(void)state;
	assert_contains(text, "\noci_thin_grow_container_device_bytes" LABELS " 4294967296\n");
	assert_contains(text,
			"\noci_thin_grow_container_filesystem_size_bytes" LABELS " 4294963200\n");
	assert_contains(text, "\noci_thin_grow_container_used_bytes" LABELS " 0\n");
	assert_contains(text, "\noci_thin_grow_container_available_bytes" LABELS " 3221225472\n");
	assert_contains(text, "\noci_thin_grow_container_requested_bytes" LABELS " 4294967296\n");
	assert_contains(text,
			"\noci_thin_grow_container_engine_remembered_bytes" LABELS " 1073741824\n");
	assert_contains(text, "\noci_thin_grow_container_at_risk" LABELS " 1\n");
	assert_contains(text, "\noci_thin_grow_containers{state=\"running\"} 1\n"
			      "oci_thin_grow_containers{state=\"vm\"} 1\n"
			      "oci_thin_grow_containers{state=\"stopped\"} 1\n");
	assert_contains(text, "\noci_thin_grow_containers_at_risk{reason=\"not healed\"} 1\n"
			      "oci_thin_grow_containers_at_risk{reason=\"too short\"} 0\n"
			      "oci_thin_grow_containers_at_risk{reason=\"unfinished\"} 1\n");
}

/*
 * An unknown value has no sample, a container that is listed twice has one, and no name can forge a
 * line.
 */
static void reports_each_container_once(void **state)
{
	(void)state;
	assert_int_equal(count("_at_risk{engine=\"containerd\""), 1);
	assert_contains(text, "\noci_thin_grow_container_at_risk{engine=\"containerd\","
			      "namespace=\"k8s.io\",name=\"a\\\"} 1\\n# HELP up \\\\\",id=\"4567\","
			      "device=\"pool-snap-1\"} 0\n");
	assert_int_equal(count("\n# HELP up"), 0);
}

static void reports_pools(void **state)
{
	(void)state;
	assert_contains(text, "\noci_thin_grow_pool_data_bytes{pool=\"p1\"} 2147483648\n"
			      "oci_thin_grow_pool_data_bytes{pool=\"p2\"} 0\n");
	assert_contains(text, "\noci_thin_grow_pool_data_used_bytes{pool=\"p1\"} 1073741824\n");
	assert_contains(text, "\noci_thin_grow_pool_metadata_bytes{pool=\"p1\"} 4096000\n");
	assert_contains(text, "\noci_thin_grow_pool_metadata_used_bytes{pool=\"p1\"} 40960\n");
	assert_contains(text, "\noci_thin_grow_pool_virtual_bytes{pool=\"p1\"} 5368709120\n");
	assert_contains(text, "\noci_thin_grow_pool_active_devices{pool=\"p1\"} 2\n");
	assert_contains(text, "\noci_thin_grow_pool_overcommit_ratio{pool=\"p1\"} 2.500000\n");
	assert_contains(text, "\noci_thin_grow_pool_state{pool=\"p1\",state=\"ok\"} 1\n"
			      "oci_thin_grow_pool_state{pool=\"p2\",state=\"out of data space\"} "
			      "1\n");
}

static void reports_who_extends_a_pool(void **state)
{
	(void)state;
	assert_contains(text, "\noci_thin_grow_pool_extended{pool=\"p1\",by=\"dmeventd\"} 1\n"
			      "oci_thin_grow_pool_extended{pool=\"p2\",by=\"nobody\"} 0\n");
	assert_contains(text,
			"\noci_thin_grow_pool_extend_threshold_ratio{pool=\"p1\"} 0.700000\n");
	assert_int_equal(count("threshold_ratio{"), 1);
}

static void reports_what_the_daemon_knows(void **state)
{
	(void)state;
	assert_contains(text, "\noci_thin_grow_daemon_up 1\n");
	assert_contains(text, " counter\n"
			      "oci_thin_grow_autogrow_attempts_total{result=\"grown\"} 5\n"
			      "oci_thin_grow_autogrow_attempts_total{result=\"refused\"} 0\n"
			      "oci_thin_grow_autogrow_attempts_total{result=\"failed\"} 0\n"
			      "oci_thin_grow_autogrow_attempts_total{result=\"limited\"} 2\n");
	assert_contains(text,
			"\noci_thin_grow_container_autogrow_max_bytes" LABELS " 17179869184\n");
	assert_contains(text,
			"\noci_thin_grow_container_fill_bytes_per_second" LABELS " 1000\n"
			"oci_thin_grow_container_fill_bytes_per_second{engine=\"containerd\"");
	assert_contains(text, "\noci_thin_grow_container_autogrow_steps" LABELS " 3\n");
	assert_contains(text, "\noci_thin_grow_container_autogrow_backoff_seconds" LABELS " 20\n");
	assert_contains(text, "\noci_thin_grow_container_autogrow_state{engine=\"docker\","
			      "namespace=\"\",name=\"web\",id=\"0123\",device=\"docker-1\","
			      "state=\"limited\"} 1\n");
	/* the other has no maximum */
	assert_int_equal(count("_autogrow_max_bytes{"), 1);
	assert_int_equal(count("_autogrow_steps{"), 1);
	assert_int_equal(count("_autogrow_backoff_seconds{"), 1);
	assert_int_equal(count("_autogrow_state{"), 1);
	assert_contains(text, "\noci_thin_grow_pool_fill_bytes_per_second{pool=\"p1\"} 1048576\n");
	assert_contains(text, "\noci_thin_grow_pool_time_to_full_seconds{pool=\"p1\"} 1024\n");
	assert_contains(text, "\noci_thin_grow_pool_fill_bytes_per_second{pool=\"p2\"} 0\n");
	assert_int_equal(count("_fill_bytes_per_second{pool="), 2);
	assert_int_equal(count("_time_to_full_seconds{"), 1);
}

/* As in `list`; the process of a virtual machine may be the container's. */
static void a_container_in_a_vm_is_counted_once(void **state)
{
	struct metrics_row both = {
		.inventory = {.container = &web, .device = (char *)(uintptr_t) "docker-1"},
		.in_vm = true};
	const struct metrics one = {&survey, &both, 1, 1700000000};

	(void)state;
	write_text(&one);
	assert_contains(text, "\noci_thin_grow_containers{state=\"running\"} 0\n");
	assert_contains(text, "\noci_thin_grow_containers{state=\"vm\"} 1\n");
	assert_contains(text, "\noci_thin_grow_containers{state=\"stopped\"} 0\n");
}

static void reports_the_host(void **state)
{
	(void)state;
	assert_contains(text, "\noci_thin_grow_ledger_entries{state=\"done\"} 1\n"
			      "oci_thin_grow_ledger_entries{state=\"intended\"} 1\n"
			      "oci_thin_grow_ledger_entries{state=\"damaged\"} 3\n");
	assert_contains(text, "\noci_thin_grow_unfinished_growths 1\n");
	assert_contains(text, "\noci_thin_grow_background_growths 0\n");
	assert_contains(text, "\noci_thin_grow_vm_devices 1\n");
	assert_contains(text, "\noci_thin_grow_healing_armed 0\n");
	assert_contains(text, "\noci_thin_grow_unread_objects 4\n");
	assert_contains(text, "\noci_thin_grow_last_run_timestamp_seconds 1700000000\n");
	assert_contains(text, "\noci_thin_grow_build_info{version=\"" VERSION "\"} 1\n");
}

static void what_the_daemon_continues_is_not_unfinished(void **state)
{
	struct survey with_daemon = survey;
	struct metrics of = metrics;

	(void)state;
	with_daemon.daemon = true;
	assert_int_equal(ledger_boot_id(entries[1].boot_id), 0);
	of.survey = &with_daemon;
	write_text(&of);
	assert_contains(text, "\noci_thin_grow_ledger_entries{state=\"intended\"} 1\n");
	assert_contains(text, "\noci_thin_grow_unfinished_growths 0\n");
	assert_contains(text, "\noci_thin_grow_background_growths 1\n");
	entries[1].boot_id[0] = '\0'; /* a crash has cut it short */
	write_text(&of);
	assert_contains(text, "\noci_thin_grow_unfinished_growths 1\n");
	assert_contains(text, "\noci_thin_grow_background_growths 0\n");
}

static void reports_an_empty_host(void **state)
{
	struct survey nothing = {0};

	(void)state;
	write_text(&(struct metrics){.survey = &nothing});
	assert_contains(text, "\noci_thin_grow_containers{state=\"running\"} 0\n");
	assert_contains(text, "\noci_thin_grow_daemon_up 0\n");
	assert_int_equal(count("\noci_thin_grow_healing_armed"), 0);
	assert_int_equal(count("pool=") + count("engine="), 0);
	nothing.engine_devices = 1;
	write_text(&(struct metrics){.survey = &nothing});
	assert_contains(text, "\noci_thin_grow_healing_armed 1\n");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reports_containers),
		TEST(reports_each_container_once),
		TEST(reports_pools),
		TEST(reports_who_extends_a_pool),
		TEST(reports_what_the_daemon_knows),
		TEST(a_container_in_a_vm_is_counted_once),
		TEST(reports_the_host),
		TEST(what_the_daemon_continues_is_not_unfinished),
		TEST(reports_an_empty_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
