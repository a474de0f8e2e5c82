/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "fake-log.h"
#include "unit.h"

static int setup(void **state)
{
	(void)state;
	fake_syslog = (struct fake_syslog){0};
	log_init(false);
	return 0;
}

/* What @call writes to stderr, to be freed. */
static char *stderr_of(void (*call)(void))
{
	int saved = dup(STDERR_FILENO), fd = memfd_create("stderr", MFD_CLOEXEC);
	char *text = calloc(1, 4096);

	assert_non_null(text);
	assert_true(saved >= 0 && fd >= 0);
	fflush(stderr);
	dup2(fd, STDERR_FILENO);
	call();
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(fd, text, 4095, 0) >= 0);
	close(fd);
	return text;
}

static void write_line(void)
{
	struct log_line line;

	log_begin(&line, "grow");
	log_add(&line, "container", "c1");
	log_add_u64(&line, "to", UINT64_MAX);
	log_add(&line, "reason", "no \"luck\"\n\xff=");
	log_add(&line, "empty", "");
	log_end(&line, LOG_WARNING);
	assert_null(line.stream);
	assert_null(line.text);
}

#define LINE                                                                                       \
	"action=grow container=c1 to=18446744073709551615 "                                        \
	"reason=\"no \\\"luck\\\"\\n\\xff=\" empty=\"\""

static void sends_one_line_to_syslog(void **state)
{
	char *text = stderr_of(write_line);

	(void)state;
	assert_int_equal(fake_syslog.lines, 1);
	assert_int_equal(fake_syslog.priority, LOG_WARNING);
	assert_string_equal(fake_syslog.text, LINE);
	assert_string_equal(text, "");
	free(text);
}

static void also_prints_to_stderr_if_verbose(void **state)
{
	char *text;

	(void)state;
	log_init(true);
	text = stderr_of(write_line);
	assert_string_equal(text, "oci-thin-grow: " LINE "\n");
	assert_int_equal(fake_syslog.lines, 1);
	free(text);
}

/* A value that is longer than what quote.h calls plain is not truncated. */
static void write_long_value(void)
{
	struct log_line line;
	char value[301];

	memset(value, 'x', 300);
	value[300] = '\0';
	log_begin(&line, "fail");
	log_add(&line, "reason", value);
	log_end(&line, LOG_ERR);
}

static void truncates_nothing(void **state)
{
	(void)state;
	write_long_value();
	assert_int_equal(strlen(fake_syslog.text), strlen("action=fail reason=\"\"") + 300);
}

static void write_percent(void)
{
	struct log_line line;

	log_begin(&line, "fail");
	log_add(&line, "reason", "%s%n%d");
	log_end(&line, LOG_ERR);
}

static void does_not_use_a_value_as_a_format(void **state)
{
	(void)state;
	write_percent();
	assert_string_equal(fake_syslog.text, "action=fail reason=%s%n%d");
}

static void say_both(void)
{
	log_stderr("a %d", 1);
	log_debug("b %d", 2);
}

static void prints_debug_lines_only_if_verbose(void **state)
{
	char *text = stderr_of(say_both);

	(void)state;
	assert_string_equal(text, "oci-thin-grow: a 1\n");
	free(text);
	log_init(true);
	text = stderr_of(say_both);
	assert_string_equal(text, "oci-thin-grow: a 1\noci-thin-grow: b 2\n");
	free(text);
	assert_int_equal(fake_syslog.lines, 0);
}

static void a_line_without_memory_is_lost(void **state)
{
	struct log_line line = {0};

	(void)state;
	log_add(&line, "a", "b");
	log_add_u64(&line, "n", 1);
	log_end(&line, LOG_ERR);
	assert_int_equal(fake_syslog.lines, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sends_one_line_to_syslog, setup),
		cmocka_unit_test_setup(also_prints_to_stderr_if_verbose, setup),
		cmocka_unit_test_setup(truncates_nothing, setup),
		cmocka_unit_test_setup(does_not_use_a_value_as_a_format, setup),
		cmocka_unit_test_setup(prints_debug_lines_only_if_verbose, setup),
		cmocka_unit_test_setup(a_line_without_memory_is_lost, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
