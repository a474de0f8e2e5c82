/* SPDX-License-Identifier: Apache-2.0 */
#include "base/terminal.h"

#include "unit.h"

#include <sys/wait.h>

static FILE *terminal; /* a real one */

static int setup(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	(void)state;
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	terminal = fopen(ptsname(master), "r+e");
	assert_non_null(terminal);
	return 0;
}

static int without_wishes(void **state)
{
	(void)state;
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	return 0;
}

static void a_terminal_is_coloured(void **state)
{
	(void)state;
	assert_true(terminal_moves(terminal));
	assert_true(terminal_has_colours(terminal));
	unsetenv("TERM"); /* after the environment was cleared */
	assert_true(terminal_has_colours(terminal));
}

static void a_file_is_not_coloured(void **state)
{
	char *text;
	FILE *out = text_stream(&text), *file = tmpfile();

	(void)state;
	assert_non_null(file);
	assert_false(terminal_moves(file));
	assert_false(terminal_has_colours(file));
	terminal_print(out, STYLE_BAD, "%s %d", "bad", 1);
	fclose(out);
	fclose(file);
	assert_string_equal(text, "bad 1");
	free(text);
}

static void no_color_only_disables_colours(void **state)
{
	(void)state;
	setenv("NO_COLOR", "1", 1);
	assert_true(terminal_moves(terminal));
	assert_false(terminal_has_colours(terminal));
	setenv("NO_COLOR", "", 1); /* as no-color.org has it */
	assert_true(terminal_has_colours(terminal));
}

static void a_dumb_terminal_gets_no_escapes(void **state)
{
	(void)state;
	setenv("TERM", "dumb", 1);
	assert_false(terminal_moves(terminal));
	assert_false(terminal_has_colours(terminal));
}

/* Bits for the variables that @with leaves in the environment; in a process of its own. */
static int left_of(char *with[])
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		bool done;
		int n = 0;

		environ = with;
		done = terminal_clear_environment() == 0;
		while (environ && environ[n])
			n++;
		_exit(!done ? 100
			    : 10 * n +
				      (getenv("NO_COLOR") && strcmp(getenv("NO_COLOR"), "1") == 0) +
				      2 * (getenv("TERM") && strcmp(getenv("TERM"), "dumb") == 0));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void clears_all_other_variables(void **state)
{
	char no_color[] = "NO_COLOR=please", dumb[] = "TERM=dumb", xterm[] = "TERM=xterm",
	     other[] = "LVM_SUPPRESS=1";

	(void)state;
	assert_int_equal(left_of((char *[]){NULL}), 0);
	assert_int_equal(left_of((char *[]){other, xterm, NULL}), 0);
	assert_int_equal(left_of((char *[]){no_color, other, xterm, NULL}), 11);
	assert_int_equal(left_of((char *[]){other, dumb, NULL}), 12);
	assert_int_equal(left_of((char *[]){dumb, no_color, other, NULL}), 23);
}

static void every_style_is_reset(void **state)
{
	(void)state;
	assert_string_equal(style_begin(STYLE_PLAIN), "");
	assert_string_equal(style_end(STYLE_PLAIN), "");
	for (enum style style = STYLE_TITLE; style <= STYLE_DIM; style++) {
		assert_int_equal(style_begin(style)[0], '\x1b');
		assert_string_equal(style_end(style), "\x1b[0m");
	}
}

static void breaks_lines_at_blanks_only(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	terminal_wrap(out, "three words here, a/path/that/is/longer", 6,
		      &(struct terminal_margins){2, 14});
	terminal_wrap(out, "never broken", 0, &(struct terminal_margins){2, 0});
	fclose(out);
	assert_string_equal(text, "three\n  words here,\n  a/path/that/is/longer\n"
				  "never broken\n");
	free(text);
}

#define TERMINAL_TEST(test) cmocka_unit_test_setup(test, without_wishes)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TERMINAL_TEST(a_terminal_is_coloured),
		TERMINAL_TEST(a_file_is_not_coloured),
		TERMINAL_TEST(no_color_only_disables_colours),
		TERMINAL_TEST(a_dumb_terminal_gets_no_escapes),
		TERMINAL_TEST(clears_all_other_variables),
		TERMINAL_TEST(every_style_is_reset),
		TERMINAL_TEST(breaks_lines_at_blanks_only),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
