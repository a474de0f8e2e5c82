/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "host/finding.h"

#include "unit.h"

static struct findings findings;

static int teardown(void **state)
{
	(void)state;
	findings_free(&findings);
	return 0;
}

static void fill(void)
{
	findings_add(&findings, SEVERITY_OK, "udevd", NULL, text_new("it answers"), NULL, NULL);
	findings_add(&findings, SEVERITY_WARNING, "engine", "docker", text_new("not hooked in"),
		     text_new("nobody is asked"), text_new("enable %s", "docker"));
	findings_add(&findings, SEVERITY_BROKEN, "pool-data", "p", text_new("full"),
		     text_new("hangs"), NULL);
}

static char *printed(int (*print)(FILE *out))
{
	char *text;
	FILE *out = text_stream(&text);

	assert_int_equal(print(out), 0);
	fclose(out);
	return text;
}

static int plain(FILE *out)
{
	return findings_print(&findings, &(struct findings_look){.all = true}, out);
}

static int coloured(FILE *out)
{
	return findings_print(&findings, &(struct findings_look){.all = true, .colour = true}, out);
}

static int narrow(FILE *out)
{
	return findings_print(&findings, &(struct findings_look){.width = 40}, out);
}

static int json(FILE *out)
{
	return findings_print_json(&findings, out);
}

static void prints_each_finding_with_its_reason_and_command(void **state)
{
	char *text;

	(void)state;
	fill();
	text = printed(plain);
	assert_string_equal(text, "broken  pool-data: full\n"
				  "  why:  hangs\n"
				  "warning engine: not hooked in\n"
				  "  why:  nobody is asked\n"
				  "  fix:  enable docker\n"
				  "ok      udevd: it answers\n"
				  "1 broken, 1 warning, 1 ok\n");
	free(text);
}

/* One cause and its symptoms share one command, which is printed on one line. */
static void prints_causes_once_and_breaks_lines_between_words(void **state)
{
	static const char command[] = "install -D -m 0644 /usr/share/rule /usr/lib/udev/rule";
	char *text;

	(void)state;
	findings_add(&findings, SEVERITY_OK, "udevd", NULL, text_new("it answers"), NULL, NULL);
	findings_add(&findings, SEVERITY_BROKEN, "udev-rule", NULL,
		     text_new("the udev rule 94-oci-thin-grow.rules is missing"),
		     text_new("containers would not start again"), text_new("%s", command));
	findings_add(&findings, SEVERITY_BROKEN, "container-at-risk", "c1",
		     text_new("web would not start again"), text_new("no rule"),
		     text_new("%s", command));
	text = printed(narrow);
	assert_string_equal(text, "broken  udev-rule: the udev rule\n"
				  "        94-oci-thin-grow.rules is\n"
				  "        missing\n"
				  "  also: container-at-risk: web would not\n"
				  "        start again\n"
				  "  why:  containers would not start again\n"
				  "  fix:  install -D -m 0644 /usr/share/rule /usr/lib/udev/rule\n"
				  "2 broken, 0 warnings, 1 ok (--verbose lists them)\n");
	free(text);
}

static void colours_only_on_request(void **state)
{
	char *text;

	(void)state;
	fill();
	text = printed(coloured);
	assert_contains(text, "\x1b[1;31mbroken  \x1b[0mpool-data: full\n");
	assert_contains(text, "  fix:  enable docker\n");
	free(text);
}

static void prints_json(void **state)
{
	char *text;

	(void)state;
	fill();
	text = printed(json);
	assert_string_equal(text,
			    "{\"broken\":1,\"warnings\":1,\"ok\":1,\"complete\":true,\"findings\":["
			    "{\"severity\":\"ok\",\"id\":\"udevd\",\"subject\":null,"
			    "\"what\":\"it answers\",\"why\":null,\"command\":null},"
			    "{\"severity\":\"warning\",\"id\":\"engine\",\"subject\":\"docker\","
			    "\"what\":\"not hooked in\",\"why\":\"nobody is asked\","
			    "\"command\":\"enable docker\"},"
			    "{\"severity\":\"broken\",\"id\":\"pool-data\",\"subject\":\"p\","
			    "\"what\":\"full\",\"why\":\"hangs\",\"command\":null}]}\n");
	free(text);
}

static void counts_broken_findings(void **state)
{
	(void)state;
	findings_add(&findings, SEVERITY_BROKEN, "udevd", "x", NULL, text_new("why"), NULL);
	assert_true(findings.incomplete);
	assert_int_equal(findings.n, 0);
	assert_int_equal(findings.count[SEVERITY_BROKEN], 1);
}

#define FINDING_TEST(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FINDING_TEST(prints_each_finding_with_its_reason_and_command),
		FINDING_TEST(prints_causes_once_and_breaks_lines_between_words),
		FINDING_TEST(colours_only_on_request),
		FINDING_TEST(prints_json),
		FINDING_TEST(counts_broken_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
