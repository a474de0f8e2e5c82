/* SPDX-License-Identifier: Apache-2.0 */
#include "host/container-table.h"

#include "json-text.h"

static char db_name[] = "db", web_name[] = "web", vm_id[] = "0123456789abcdef", id[] = "ffff",
	    device[] = "docker-8:1-42-thin", pool_name[] = "pool", ext4[] = "ext4";

static struct engine_container containers[3];
static struct container_row rows[3];
static struct policy policy;

/* One that fills up, one that has room, and one that a virtual machine has. */
static int setup(void **state)
{
	(void)state;
	policy = policy_builtin;
	containers[0] = (struct engine_container){
		.engine = "docker", .id = id, .name = db_name, .pid = 1, .remembered = GIB};
	containers[1] =
		(struct engine_container){.engine = "docker", .id = id, .name = web_name, .pid = 2};
	containers[2] = (struct engine_container){.engine = "containerd", .id = vm_id};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		rows[i] = (struct container_row){
			.outlook = {.disk = {.container = &containers[i],
					     .device = device,
					     .device_bytes = (i + 1) * GIB},
				    .size_bytes = (i + 1) * GIB,
				    .next_bytes = (i + 1) * GIB,
				    .healing.armed = true},
		};
	rows[0].outlook.disk.filesystem = rows[1].outlook.disk.filesystem = ext4;
	rows[0].outlook.disk.used_bytes = 899 * MIB;
	rows[0].outlook.disk.available_bytes = 101 * MIB;
	rows[1].outlook.disk.used_bytes = GIB;
	rows[1].outlook.disk.available_bytes = GIB;
	rows[2].outlook.in_vm = true;
	return 0;
}

static void order_by(const char *name)
{
	qsort(rows, COUNT_OF(rows), sizeof(*rows), container_order_named(name));
}

static void expect_order(size_t first, size_t second, size_t third)
{
	assert_ptr_equal(rows[0].outlook.disk.container, &containers[first]);
	assert_ptr_equal(rows[1].outlook.disk.container, &containers[second]);
	assert_ptr_equal(rows[2].outlook.disk.container, &containers[third]);
}

static void sorts_by_use_name_or_size(void **state)
{
	(void)state;
	order_by("size");
	expect_order(2, 1, 0);
	order_by("name");
	expect_order(0, 1, 2);
	order_by("size");
	order_by("use");
	expect_order(0, 1, 2);
	assert_null(container_order_named("age"));
}

static void of_those_with_unknown_use_the_ones_that_will_not_start_come_first(void **state)
{
	(void)state;
	rows[1].outlook.disk.used_bytes = rows[1].outlook.disk.available_bytes = 0;
	rows[2].outlook.next = NEXT_FAILS;
	order_by("use");
	expect_order(0, 2, 1);
}

static char *table(bool wide, size_t width, bool colours)
{
	char *text;
	FILE *out = text_stream(&text);

	assert_int_equal(container_table_print(rows, COUNT_OF(rows), wide, width, colours, out), 0);
	fclose(out);
	return text;
}

static void expect(const char *part)
{
	char *text = table(false, 0, false);

	assert_contains(text, part);
	free(text);
}

static void a_line_has_size_use_next_start_and_state(void **state)
{
	char *text = table(false, 0, false);

	(void)state;
	assert_string_equal(text,
			    "ENGINE     NAME         SIZE USED AVAIL USE% NEXT START STATE\n"
			    "docker     db             1G 899M  101M  90%         1G running\n"
			    "docker     web            2G   1G    1G  50%         2G running\n"
			    "containerd 0123456789ab   3G    -     -    -         3G in a VM\n");
	free(text);
}

static void a_full_disk_has_0_bytes_available(void **state)
{
	(void)state;
	rows[0].outlook.disk.available_bytes = 0;
	expect("db             1G 899M     0 100%");
}

static void wide_lines_also_have_how_far_it_grows_by_itself(void **state)
{
	char *text;

	(void)state;
	rows[1].ceiling.verdict.limits.max_bytes = 64 * GIB;
	text = table(true, 0, false);
	assert_contains(text, "ENGINE'S MAX NEXT START");
	assert_contains(text, "  -         1G running");
	assert_contains(text, " 64G         2G running");
	free(text);
}

static void says_what_will_not_start_and_what_is_unfinished(void **state)
{
	(void)state;
	rows[0].outlook.next = NEXT_FAILS;
	rows[1].outlook.next = NEXT_NEW_DISK;
	expect("WON'T START running\n");
	expect("new disk running\n");
	rows[2].outlook.in_vm = false;
	expect("3G stopped\n");
	rows[0].outlook.noted = true;
	rows[0].outlook.entry = (struct ledger_entry){.state = LEDGER_INTENDED,
						      .first_sectors = GIB / SECTOR_BYTES,
						      .paused_sectors = GIB / SECTOR_BYTES,
						      .sectors = 4 * GIB / SECTOR_BYTES};
	expect("WON'T START unfinished\n");
	rows[0].outlook.daemon = true;
	rows[0].outlook.disk.filesystem_bytes = 2 * GIB;
	expect("growing, 2,048 of 4,096 MiB\n");
	rows[0].outlook.disk.filesystem = NULL;
	expect("stopped, 2,048 of 4,096 MiB\n");
}

static void the_colours_are_those_of_full_disks(void **state)
{
	char *text = table(false, 0, true);

	(void)state;
	assert_contains(text, "\x1b[1;31m 90%\x1b[0m");
	assert_contains(text, " 50% ");
	free(text);
}

static void expect_json(const char *held, const char *part)
{
	struct json_writer *w = json_writer_begin();
	char *text;

	json_write_array(w, "containers");
	container_row_json(&rows[0], &policy, held, w);
	json_write_array_close(w);
	text = json_text(w);
	assert_contains(text, part);
	free(text);
}

static void json_says_why_it_does_not_grow_now_as_explain_does(void **state)
{
	(void)state;
	expect_json(NULL, "{\"engine\":\"docker\",\"namespace\":null,\"name\":\"db\","
			  "\"id\":\"ffff\",\"image\":null,\"running\":true,\"pid\":1,");
	expect_json(NULL, "\"autogrow\":{\"max_bytes\":null,");
	rows[0].ceiling.verdict.source = AUTOGROW_CONFIG;
	rows[0].ceiling.verdict.limits = policy.autogrow;
	rows[0].ceiling.verdict.limits.max_bytes = 8 * GIB;
	expect_json(NULL, "\"next_bytes\":2147483648,\"next_used_bytes\":891289600,"
			  "\"held\":null}");
	expect_json("no daemon", "\"held\":\"no daemon\"}");
	rows[0].pool =
		(struct thin_pool){.name = pool_name, .data_blocks = 1000, .data_used_blocks = 801};
	expect_json(NULL, "\"next_bytes\":null,\"next_used_bytes\":null,"
			  "\"held\":\"its pool is more than 80 % full");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sorts_by_use_name_or_size, setup),
		cmocka_unit_test_setup(
			of_those_with_unknown_use_the_ones_that_will_not_start_come_first, setup),
		cmocka_unit_test_setup(a_line_has_size_use_next_start_and_state, setup),
		cmocka_unit_test_setup(a_full_disk_has_0_bytes_available, setup),
		cmocka_unit_test_setup(wide_lines_also_have_how_far_it_grows_by_itself, setup),
		cmocka_unit_test_setup(says_what_will_not_start_and_what_is_unfinished, setup),
		cmocka_unit_test_setup(the_colours_are_those_of_full_disks, setup),
		cmocka_unit_test_setup(json_says_why_it_does_not_grow_now_as_explain_does, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
