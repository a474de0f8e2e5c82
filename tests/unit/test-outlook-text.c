/* SPDX-License-Identifier: Apache-2.0 */
#include "host/outlook-text.h"

#include "base/size.h"
#include "json-text.h"

static struct engine_container container;
static struct outlook outlook;
static char device[] = "docker-8:1-42-thin", ext4[] = "ext4";

/* A stopped container of Docker that an operator had grown from 1 GiB to 4 GiB. */
static int setup(void **state)
{
	(void)state;
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	container = (struct engine_container){.engine = "docker"};
	outlook = (struct outlook){
		.disk = {.container = &container, .device = device},
		.noted = true,
		.entry = {.state = LEDGER_DONE,
			  .sectors = 4 * GIB / 512,
			  .first_sectors = GIB / 512,
			  .source = "command:grow",
			  .time = 1790000000},
		.healing.armed = true,
		.verdict = {.grown = true, .needed_bytes = 4 * GIB},
		.size_bytes = 4 * GIB,
		.engine_bytes = GIB,
		.next = NEXT_STARTS,
		.next_bytes = 4 * GIB,
	};
	return 0;
}

static void expect_size(const char *expected)
{
	char *text;
	FILE *out = text_stream(&text);

	outlook_print_size(&outlook, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void expect_next(const char *expected)
{
	char *text;
	FILE *out = text_stream(&text);

	outlook_print_next(&outlook, "", out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void says_how_large_it_is_and_who_grew_it(void **state)
{
	(void)state;
	expect_size(
		"size        4 GiB, as the ledger says\n"
		"grown       from 1 GiB to 4 GiB by \"oci-thin-grow grow\", 2026-09-21 14:13:20\n"
		"engine      docker re-creates the device with 1 GiB\n");
}

static void says_how_full_it_is(void **state)
{
	(void)state;
	outlook.disk.device_bytes = 4 * GIB;
	outlook.disk.filesystem = ext4;
	outlook.disk.used_bytes = 1 * GIB;
	outlook.disk.available_bytes = 3 * GIB;
	strcpy(outlook.entry.source, "annotation:io.oci-thin-grow.size");
	outlook.entry.time = 0;
	expect_size("size        4 GiB, ext4; 1 GiB used (25 %), 3 GiB available\n"
		    "grown       from 1 GiB to 4 GiB by annotation io.oci-thin-grow.size\n"
		    "engine      docker re-creates the device with 1 GiB\n");
}

static void says_what_an_older_entry_does_not(void **state)
{
	(void)state;
	outlook.entry.source[0] = '\0';
	outlook.entry.time = outlook.entry.first_sectors = outlook.engine_bytes = 0;
	expect_size("size        4 GiB, as the ledger says\n"
		    "grown       to 4 GiB (by whom is not known)\n"
		    "engine      docker does not say with what size it re-creates the device\n");
}

static void says_that_a_growth_was_cut_short(void **state)
{
	(void)state;
	outlook.entry.state = LEDGER_INTENDED;
	strcpy(outlook.entry.source, "default");
	outlook.entry.time = 0;
	expect_size(
		"size        4 GiB, as the ledger says\n"
		"grown       UNFINISHED: from 1 GiB to 4 GiB by default; the next start finishes "
		"it\n"
		"engine      docker re-creates the device with 1 GiB\n");
}

static void says_that_the_daemon_continues(void **state)
{
	(void)state;
	outlook.daemon = true;
	outlook.size_bytes = TIB;
	outlook.entry.state = LEDGER_INTENDED;
	outlook.entry.sectors = TIB / 512;
	outlook.entry.paused_sectors = 64 * GIB / 512;
	outlook.entry.time = 0;
	strcpy(outlook.entry.source, "default");
	expect_size("size        1 TiB, as the ledger says\n"
		    "grown       from 1 GiB to 1 TiB by default; the filesystem has 64 of 1,024 "
		    "GiB, and oci-thin-growd goes on when the container runs again\n"
		    "engine      docker re-creates the device with 1 GiB\n");
	outlook.disk.filesystem = ext4;
	outlook.disk.filesystem_bytes = 128 * GIB;
	expect_size("size        1 TiB, ext4\n"
		    "grown       from 1 GiB to 1 TiB by default; the filesystem has 128 of 1,024 "
		    "GiB, and oci-thin-growd goes on in the background\n"
		    "engine      docker re-creates the device with 1 GiB\n");
}

static void says_that_a_virtual_machine_was_given_it(void **state)
{
	(void)state;
	outlook.entry.in_vm = true;
	expect_size(
		"size        4 GiB, as the ledger says\n"
		"grown       from 1 GiB to 4 GiB by \"oci-thin-grow grow\", 2026-09-21 14:13:20\n"
		"            given to a virtual machine: only its guest can grow the filesystem\n"
		"engine      docker re-creates the device with 1 GiB\n");
	outlook.entry.first_sectors = outlook.entry.time = 0;
	outlook.entry.source[0] = '\0';
	expect_size(
		"size        4 GiB, as the ledger says\n"
		"grown       no\n"
		"            given to a virtual machine: only its guest can grow the filesystem\n"
		"engine      docker re-creates the device with 1 GiB\n");
}

static void says_what_we_did_not_grow(void **state)
{
	(void)state;
	outlook.noted = false;
	expect_size("size        4 GiB, as its engine says\n"
		    "grown       yes, but not by oci-thin-grow\n"
		    "engine      docker re-creates the device with 1 GiB\n");
	outlook.verdict.grown = false;
	outlook.size_bytes = 0;
	expect_size("size        not known: neither the ledger nor its engine's files say\n"
		    "grown       no\n"
		    "engine      docker re-creates the device with 1 GiB\n");
}

static void says_how_the_next_start_will_go(void **state)
{
	(void)state;
	expect_next("next start  4 GiB\n"
		    "healing     by the udev rule, before the device is mounted\n");
	outlook.next = NEXT_NEW_DISK;
	expect_next("next start  with a new disk: a pod's container is re-created\n");
}

static void says_why_it_will_not_start(void **state)
{
	(void)state;
	outlook.next = NEXT_FAILS;
	outlook.verdict.risk = RISK_NOT_HEALED;
	outlook.healing =
		(struct healing){.why.text = "the rule is missing", .fix.s = "install it"};
	expect_next("next start  WON'T START: the device must have 4 GiB, and nothing extends it "
		    "to that\n"
		    "healing     NONE: the rule is missing. Fix: install it\n");
	outlook.healing = (struct healing){.armed = true};
	outlook.verdict.risk = RISK_TOO_SHORT;
	outlook.disk.device_bytes = GIB;
	expect_next("next start  WON'T START: the device has 1 GiB and must have 4 GiB. Fix: "
		    "oci-thin-grow heal --all\n"
		    "healing     by the udev rule, before the device is mounted\n");
}

static void expect_json(const char *expected)
{
	struct json_writer *w = json_writer_begin();
	char *text;

	outlook_json(&outlook, w);
	text = json_text(w);
	assert_string_equal(text, expected);
	free(text);
}

static void unknown_values_are_null(void **state)
{
	(void)state;
	expect_json("{\"device\":\"docker-8:1-42-thin\",\"device_bytes\":null,"
		    "\"size_bytes\":4294967296,\"filesystem\":null,\"filesystem_bytes\":null,"
		    "\"used_bytes\":null,\"available_bytes\":null,\"used_percent\":null,"
		    "\"requested_bytes\":null,\"engine_bytes\":1073741824,"
		    "\"grown\":{\"source\":\"command:grow\",\"time\":1790000000,"
		    "\"from_bytes\":1073741824,\"to_bytes\":4294967296,\"finished\":true,"
		    "\"in_background\":false},"
		    "\"given_to_vm\":false,\"in_vm\":false,"
		    "\"starts_again\":true,\"next_bytes\":4294967296,"
		    "\"healing\":{\"armed\":true,\"reason\":null,\"fix\":null}}\n");
	outlook = (struct outlook){.disk.container = &container}; /* not on a thin device */
	expect_json("{\"device\":null,\"device_bytes\":null,\"size_bytes\":null,"
		    "\"filesystem\":null,\"filesystem_bytes\":null,\"used_bytes\":null,"
		    "\"available_bytes\":null,\"used_percent\":null,\"requested_bytes\":null,"
		    "\"engine_bytes\":null,\"grown\":null,\"given_to_vm\":false,\"in_vm\":false,"
		    "\"starts_again\":null,"
		    "\"next_bytes\":null,\"healing\":null}\n");
}

#define TEXT_TEST(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEXT_TEST(says_how_large_it_is_and_who_grew_it),
		TEXT_TEST(says_how_full_it_is),
		TEXT_TEST(says_what_an_older_entry_does_not),
		TEXT_TEST(says_that_a_growth_was_cut_short),
		TEXT_TEST(says_that_the_daemon_continues),
		TEXT_TEST(says_that_a_virtual_machine_was_given_it),
		TEXT_TEST(says_what_we_did_not_grow),
		TEXT_TEST(says_how_the_next_start_will_go),
		TEXT_TEST(says_why_it_will_not_start),
		TEXT_TEST(unknown_values_are_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
