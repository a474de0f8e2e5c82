/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/shim-args.h"

#include "unit.h"

/* @line is split at blanks; a program's name goes before it. The strings live until the next call.
 */
static struct shim_args parse(const char *line)
{
	static char words[512];
	struct shim_args args;
	char *argv[32] = {(char[]){"containerd-shim-kata-v2"}}, *rest = words;
	size_t n = 1;

	snprintf(words, sizeof(words), "%s", line);
	while ((argv[n] = strsep(&rest, " ")) && n + 1 < COUNT_OF(argv))
		n += *argv[n] != '\0';
	argv[n] = NULL;
	shim_args_parse(argv, &args);
	return args;
}

static const char *or_none(const char *text)
{
	return text ? text : "(none)";
}

static void expect(const char *line, const char *verb, const char *ns, const char *id)
{
	struct shim_args args = parse(line);

	if (strcmp(or_none(args.verb), verb) != 0 || strcmp(or_none(args.ns), ns) != 0 ||
	    strcmp(or_none(args.id), id) != 0)
		fail_msg("%s: verb %s, namespace %s, id %s", line, or_none(args.verb),
			 or_none(args.ns), or_none(args.id));
}

static void reads_the_command_lines_of_containerd(void **state)
{
	(void)state;
	expect("-namespace k8s.io -address /run/containerd/containerd.sock -publish-binary "
	       "/usr/bin/containerd -id 0123 start",
	       "start", "k8s.io", "0123");
	expect("-namespace default -address /run/c.sock -publish-binary /usr/bin/containerd -id c1 "
	       "-debug start",
	       "start", "default", "c1");
	expect("-namespace default -address /run/c.sock -publish-binary /usr/bin/containerd -id c1 "
	       "-bundle /run/b/c1 delete",
	       "delete", "default", "c1");
}

/* Of containerd 1.6 to 2.3. */
static void distinguishes_values_from_the_verb(void **state)
{
	static const char *const with_value[] = {"address",   "bundle", "debug-socket",	 "id",
						 "namespace", "socket", "publish-binary"};
	static const char *const forms[][2] = {{"-", " delete start"},
					       {"--", " delete start"},
					       {"-", "=delete start"},
					       {"--", "=delete start"},
					       {"-", "= start"}};
	char line[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(with_value) * COUNT_OF(forms); i++) {
		const char *const *form = forms[i % COUNT_OF(forms)];

		snprintf(line, sizeof(line), "%s%s%s", form[0], with_value[i / COUNT_OF(forms)],
			 form[1]);
		if (strcmp(or_none(parse(line).verb), "start") != 0)
			fail_msg("%s: %s", line, or_none(parse(line).verb));
	}
	expect("-debug start", "start", "(none)", "(none)");
	expect("-debug=false start", "start", "(none)", "(none)");
}

static void a_container_may_have_the_name_of_a_verb(void **state)
{
	(void)state;
	expect("-namespace start -id start delete", "delete", "start", "start");
	expect("-id delete -namespace n start", "start", "n", "delete");
	expect("-id start", "(none)", "(none)", "start");
}

static void the_last_of_two_values_takes_effect(void **state)
{
	(void)state;
	expect("-id a -id=b start", "start", "(none)", "b");
	expect("-namespace a --namespace b start", "start", "b", "(none)");
	expect("-id=a=b start", "start", "(none)", "a=b");
}

/* The shim answers these whatever follows. */
static void what_only_asks_the_shim_has_no_verb(void **state)
{
	static const char *const lines[] = {"-v start",	      "--v start",
					    "-info start",    "-namespace n -info -id c start",
					    "-version start", "-v=true start"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_null(parse(lines[i]).verb);
}

static void the_verb_ends_the_options(void **state)
{
	(void)state;
	expect("start -id c1", "start", "(none)", "(none)");
	expect("-- start", "start", "(none)", "(none)");
	expect("-id c1 -- -debug", "-debug", "(none)", "c1");
	expect("- start", "-", "(none)", "(none)");
}

static void survives_missing_words(void **state)
{
	(void)state;
	expect("", "(none)", "(none)", "(none)");
	expect("-id", "(none)", "(none)", "(none)");
	expect("-namespace n -id", "(none)", "n", "(none)");
	expect("--", "(none)", "(none)", "(none)");
	expect("-bundle", "(none)", "(none)", "(none)");
}

static void matches_whole_option_names(void **state)
{
	(void)state;
	expect("-i start", "start", "(none)", "(none)");
	expect("-ids start", "start", "(none)", "(none)");
	expect("-vv start", "start", "(none)", "(none)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_command_lines_of_containerd),
		cmocka_unit_test(distinguishes_values_from_the_verb),
		cmocka_unit_test(a_container_may_have_the_name_of_a_verb),
		cmocka_unit_test(the_last_of_two_values_takes_effect),
		cmocka_unit_test(what_only_asks_the_shim_has_no_verb),
		cmocka_unit_test(the_verb_ends_the_options),
		cmocka_unit_test(survives_missing_words),
		cmocka_unit_test(matches_whole_option_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
