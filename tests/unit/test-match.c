/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/match.h"

#include "unit.h"

static struct json_doc *doc;
static const struct json *annotations[2]; /* the first stays NULL, like that of a missing state */
static struct why why;

static struct facts facts;

static void annotate(const char *text)
{
	json_free(doc);
	assert_int_equal(json_parse(text, strlen(text), &doc, &why), 0);
	annotations[1] = json_root(doc);
}

static int setup(void **state)
{
	(void)state;
	annotate("{\"tier\":\"gold\",\"twice\":\"a\",\"twice\":\"a\",\"number\":1}");
	facts = (struct facts){.engine = "docker",
			       .annotations = annotations,
			       .n_annotations = 2,
			       .ns = "prod-1",
			       .image = "docker.io/library/postgres:16"};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	json_free(doc);
	doc = NULL;
	return 0;
}

static bool matches(struct rule rule)
{
	why.text[0] = '\0';
	return match_rule(&rule, &facts, &why);
}

static void a_rule_without_a_pattern_matches_all(void **state)
{
	(void)state;
	facts = (struct facts){0};
	assert_true(matches((struct rule){0}));
}

static void patterns_match_slashes_and_the_whole_text(void **state)
{
	(void)state;
	assert_true(match_pattern("*/postgres:*", "registry:5000/a/b/postgres:16"));
	assert_true(match_pattern("prod-?", "prod-1"));
	assert_false(match_pattern("prod", "prod-1"));
	assert_false(match_pattern("rod-1", "prod-1"));
	assert_false(match_pattern("PROD-1", "prod-1"));
	assert_true(match_pattern("*", ""));
	assert_true(match_pattern("*", ".hidden"));
}

static void an_image_is_matched_short_and_in_full(void **state)
{
	(void)state;
	assert_true(match_image("*/postgres:*", "postgres"));
	assert_true(match_image("*/postgres:*", "postgres:16"));
	assert_true(match_image("docker.io/library/postgres:latest", "postgres"));
	assert_true(match_image("postgres", "postgres"));
	assert_true(match_image("docker.io/me/db:latest", "me/db"));
	assert_true(match_image("reg:5000/db:latest", "reg:5000/db"));
	assert_true(match_image("localhost/db:latest", "localhost/db"));
	assert_true(match_image("docker.io/library/db@sha256:*", "db@sha256:00"));
	assert_false(match_image("docker.io/*", "reg:5000/db"));
	assert_false(match_image("docker.io/*", "quay.io/db"));
	assert_false(match_image("*/postgres:*", "evil/postgres-not:1"));
	assert_false(match_image("*:latest", "postgres:16"));
	assert_true(match_image("*:latest", "reg:5000/db"));
}

static void all_patterns_must_match(void **state)
{
	static const struct annotation_pattern gold = {"tier", "g*"}, silver = {"tier", "silver"};
	struct rule rule = {.engine = "docker",
			    .image = "*/postgres:*",
			    .ns = "prod-*",
			    .annotations = &gold,
			    .n_annotations = 1};

	(void)state;
	assert_true(matches(rule));
	rule.annotations = &silver;
	assert_false(matches(rule));
	assert_string_equal(why.text, "annotation \"tier\" \"gold\" does not match \"silver\"");
	rule.annotations = &gold;
	rule.image = "*/mysql:*";
	assert_false(matches(rule));
	assert_string_equal(why.text,
			    "image \"docker.io/library/postgres:16\" does not match \"*/mysql:*\"");
	rule.ns = "test";
	assert_false(matches(rule));
	assert_string_equal(why.text, "namespace \"prod-1\" does not match \"test\"");
	rule.engine = "podman";
	assert_false(matches(rule));
	assert_string_equal(why.text, "engine \"docker\" does not match \"podman\"");
}

static void an_unknown_property_matches_nothing(void **state)
{
	static const struct annotation_pattern none = {"none", "*"}, twice = {"twice", "*"},
					       number = {"number", "*"};

	(void)state;
	facts.ns = facts.image = facts.engine = NULL;
	assert_false(matches((struct rule){.engine = "*"}));
	assert_string_equal(why.text, "engine is not known");
	assert_false(matches((struct rule){.ns = "*"}));
	assert_false(matches((struct rule){.image = "*"}));
	assert_string_equal(why.text, "image is not known");
	assert_false(matches((struct rule){.annotations = &none, .n_annotations = 1}));
	assert_string_equal(why.text, "it has no annotation \"none\"");
	assert_false(matches((struct rule){.annotations = &twice, .n_annotations = 1}));
	assert_string_equal(why.text, "annotation \"twice\" cannot be read");
	assert_false(matches((struct rule){.annotations = &number, .n_annotations = 1}));
}

/* A pattern of many stars and a text of half a megabyte that nearly matches. */
static void a_hostile_text_takes_no_time(void **state)
{
	size_t len = 512 * KIB;
	char *text = malloc(len + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', len);
	text[len] = '\0';
	alarm(20);
	assert_false(match_pattern("*a*a*a*a*a*a*a*a*b", text));
	alarm(0);
	free(text);
}

static void a_hostile_text_is_quoted(void **state)
{
	(void)state;
	facts.image = "x\n\x1b[2J:1";
	assert_false(matches((struct rule){.image = "y"}));
	assert_string_equal(why.text, "image \"x\\n\\x1b[2J:1\" does not match \"y\"");
}

static void detects_unreachable_rules(void **state)
{
	static const struct annotation_pattern gold[] = {{"tier", "gold"}, {"a", "b"}},
					       any = {"tier", "*"};
	const struct rule all = {0}, docker = {.engine = "docker"}, engines = {.engine = "*"},
			  pg = {.image = "*/postgres:*"}, pg16 = {.image = "*/postgres:16*"},
			  one = {.image = "x/postgres:16"}, mark = {.image = "*/postgres:1?"},
			  golden = {.annotations = gold, .n_annotations = 2},
			  metal = {.annotations = &any, .n_annotations = 1},
			  with_x = {.image = "*x*"}, x_or_y = {.image = "[xy]"},
			  anything = {.image = "*"};

	(void)state;
	assert_true(match_covers(&all, &docker));
	assert_true(match_covers(&all, &all));
	assert_false(match_covers(&docker, &all));
	assert_true(match_covers(&engines, &docker));
	assert_false(match_covers(&engines, &all)); /* the engine may be unknown */
	assert_true(match_covers(&pg, &pg));
	assert_true(match_covers(&pg, &pg16));
	assert_true(match_covers(&pg, &one));
	assert_true(match_covers(&mark, &one));
	assert_false(match_covers(&pg16, &pg));
	assert_false(match_covers(&one, &pg));
	assert_false(match_covers(&mark, &pg16)); /* ? is not * */
	assert_true(match_covers(&metal, &golden));
	assert_false(match_covers(&golden, &metal));
	assert_false(match_covers(&pg, &docker));
	assert_false(match_covers(&with_x, &x_or_y)); /* it has an x, but not in the right place */
	assert_true(match_covers(&anything, &x_or_y));
}

#define MATCH_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MATCH_TEST(a_rule_without_a_pattern_matches_all),
		MATCH_TEST(patterns_match_slashes_and_the_whole_text),
		MATCH_TEST(an_image_is_matched_short_and_in_full),
		MATCH_TEST(all_patterns_must_match),
		MATCH_TEST(an_unknown_property_matches_nothing),
		MATCH_TEST(a_hostile_text_takes_no_time),
		MATCH_TEST(a_hostile_text_is_quoted),
		MATCH_TEST(detects_unreachable_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
