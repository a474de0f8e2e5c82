/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pool-table.h"

#include "unit.h"

static char *text;

static char half_name[] = "half", full_name[] = "docker-253:0-4194304-pool",
	    odd_name[] = "a\x1b[2J", source[] = "/etc/lvm/lvm.conf",
	    reason[] = "dmeventd does not run";

static struct survey_pool pools[3];
static struct survey survey;

static int setup(void **state)
{
	(void)state;
	pools[0] = (struct survey_pool){
		.status = {.name = half_name,
			   .block_sectors = 128,
			   .data_used_blocks = 819200,
			   .data_blocks = 1638400,
			   .metadata_used_blocks = 100,
			   .metadata_blocks = 4096,
			   .discards = THIN_DISCARDS_PASSED},
		.virtual_bytes = 250 * GIB,
		.active = 14,
		.containers = 12,
		.extender = {.by = EXTENDER_DMEVENTD,
			     .percent = 70,
			     .is_lvm = true,
			     .lvm = {.source = source}},
	};
	pools[1] = (struct survey_pool){
		.status = {.name = full_name,
			   .block_sectors = 128,
			   .data_used_blocks = 1638400,
			   .data_blocks = 1638400,
			   .metadata_used_blocks = 3400,
			   .metadata_blocks = 4096,
			   .out_of_data_space = true,
			   .trouble = "out of data space"},
		.extender = {.by = EXTENDER_NOBODY, .reason = reason},
		.forecast = {.known = true,
			     .fills = true,
			     .bytes_per_second = MIB,
			     .seconds = 24000},
	};
	pools[2] = (struct survey_pool){.status = {.name = odd_name},
					.extender = {.by = EXTENDER_STRATIS}};
	survey = (struct survey){.pools = pools, .n_pools = COUNT_OF(pools)};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

static void print(size_t width, bool colours)
{
	FILE *out;

	free(text);
	out = text_stream(&text);
	assert_int_equal(pool_table_print(&survey, width, colours, out), 0);
	fclose(out);
}

static void shows_the_fullest_first(void **state)
{
	(void)state;
	survey.n_pools = 2;
	print(0, false);
	assert_string_equal(text, "POOL                      SIZE USE% META%   VIRTUAL CONTAINERS "
				  "EXTENDED BY  FULL IN STATE\n"
				  "docker-253:0-4194304-pool 100G 100%   84%         -          0 "
				  "nobody        6h 40m no space\n"
				  "half                      100G  50%    3% 250G 2.5x         12 "
				  "dmeventd 70%       - ok\n");
}

static void fits_a_terminal(void **state)
{
	(void)state;
	pools[1].status.trouble = NULL;
	survey.n_pools = 2;
	print(80, false);
	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
		assert_in_range(end - line, 1, 80);
	assert_contains(text, "docker-253:~94304-pool");
	assert_lacks(text, "STATE");
}

static void fits_a_terminal_also_with_a_pool_in_trouble(void **state)
{
	(void)state;
	pools[1].status.needs_check = true;
	pools[1].status.trouble = "in need of a check (needs_check)";
	survey.n_pools = 2;
	print(80, false);
	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
		assert_in_range(end - line, 1, 80);
	assert_contains(text, " needs_check\n");
	assert_contains(text, " ok\n");
}

static void colours_what_is_full(void **state)
{
	(void)state;
	print(0, true);
	assert_contains(text, "\x1b[1;31m100%");
	assert_contains(text, "\x1b[33m  84%");
	assert_contains(text, "\x1b[33m 6h 40m");
	assert_contains(text, "\x1b[1;31mno space");
	assert_lacks(text, "\x1b[2J");
}

static void a_pool_without_blocks_has_no_ratio(void **state)
{
	(void)state;
	survey.pools = &pools[2];
	survey.n_pools = 1;
	print(0, false);
	assert_lacks(text, "x ");
	assert_contains(text, "stratis");
}

static void prints_json(void **state)
{
	FILE *out = text_stream(&text);

	(void)state;
	survey.n_pools = 2;
	assert_int_equal(pool_table_json(&survey, out), 0);
	fclose(out);
	assert_contains(text, "{\"pools\":[{\"name\":\"docker-253:0-4194304-pool\",");
	assert_contains(text, "\"trouble\":\"out of data space\",\"discards\":\"ignored\","
			      "\"extended_by\":null,"
			      "\"extended_at_percent\":null,\"extended_by_file\":null,"
			      "\"not_extended_because\":\"dmeventd does not run\","
			      "\"bytes_per_second\":1048576,\"full_in_seconds\":24000}");
	assert_contains(text,
			"{\"name\":\"half\",\"data_bytes\":107374182400,"
			"\"data_used_bytes\":53687091200,\"metadata_bytes\":16777216,"
			"\"metadata_used_bytes\":409600,\"virtual_bytes\":268435456000,"
			"\"active_devices\":14,\"running_containers\":12,\"trouble\":null,"
			"\"discards\":\"passed "
			"down\",\"extended_by\":\"dmeventd\",\"extended_at_percent\":70,"
			"\"extended_by_file\":\"/etc/lvm/lvm.conf\",\"not_extended_because\":null,"
			"\"bytes_per_second\":null,\"full_in_seconds\":null}");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shows_the_fullest_first),
		TEST(fits_a_terminal),
		TEST(fits_a_terminal_also_with_a_pool_in_trouble),
		TEST(colours_what_is_full),
		TEST(a_pool_without_blocks_has_no_ratio),
		TEST(prints_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
