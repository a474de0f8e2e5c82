/* SPDX-License-Identifier: Apache-2.0 */
#include "job/ceiling.h"

#include "disk/growd-lock.h"
#include "job/settings.h"
#include "unit.h"

#define MAX(size) "\"io.oci-thin-grow.max\":\"" size "\""

static struct policy policy;
static struct rule rule;
static struct job job;
static struct json_doc *docs[2];
static struct ceiling ceiling;

static int setup(void **state)
{
	(void)state;
	policy = policy_builtin;
	rule = (struct rule){.name = "r", .ns = "prod"};
	job = (struct job){.container = "c1", .bundle = "/b", .engine = "docker", .rootfs.fd = -1};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(docs); i++) {
		json_free(docs[i]);
		docs[i] = NULL;
	}
	job_free(&job);
	return 0;
}

static const struct json *parse(const char *members, struct json_doc **doc)
{
	struct text object;
	struct why why;

	text_into(&object, "{%s}", members);
	assert_int_equal(json_parse(object.s, strlen(object.s), doc, &why), 0);
	return json_root(*doc);
}

/* Members of the annotations and of the labels. */
static void look(const char *annotations, const char *labels)
{
	job.annotations[0] = parse(annotations, &docs[0]);
	job.labels = parse(labels, &docs[1]);
	ceiling_of(&job, &policy, &ceiling);
}

static void expect(uint64_t max_bytes, const char *source)
{
	assert_int_equal(ceiling.verdict.limits.max_bytes, max_bytes);
	assert_string_equal(ceiling_source(&ceiling), source);
}

static void without_a_maximum_there_is_no_source(void **state)
{
	(void)state;
	look("", "");
	expect(0, "");
	assert_string_equal(ceiling.asked.s, "");
}

static void an_annotation_comes_before_a_label(void **state)
{
	(void)state;
	look(MAX("3G"), MAX("4G"));
	expect(3 * GIB, "annotation:io.oci-thin-grow.max");
}

static void a_label_takes_effect_unless_labels_are_off(void **state)
{
	(void)state;
	look("", MAX("4G"));
	expect(4 * GIB, "label:io.oci-thin-grow.max");
	policy.labels = false;
	teardown(NULL);
	look("", MAX("4G"));
	expect(0, "");
}

static void the_configuration_and_a_rule_are_sources(void **state)
{
	(void)state;
	policy.autogrow.max_bytes = 5 * GIB;
	look("", "");
	expect(5 * GIB, "configuration");
	policy.rules = &rule;
	policy.n_rules = 1;
	rule.has_autogrow_max = true;
	rule.autogrow.max_bytes = 6 * GIB;
	job.ns = "prod";
	ceiling_of(&job, &policy, &ceiling);
	expect(6 * GIB, "rule:r");
}

static void what_is_ignored_is_still_named(void **state)
{
	(void)state;
	look(MAX("lots"), "");
	expect(0, "");
	assert_string_equal(ceiling.asked.s, "annotation:io.oci-thin-grow.max");
	assert_contains(ceiling.verdict.ignored.text, "\"lots\" is not a size");
}

static void a_pods_sandbox_never_grows(void **state)
{
	(void)state;
	policy.autogrow.max_bytes = 5 * GIB;
	look("\"io.kubernetes.cri.container-type\":\"sandbox\"," MAX("3G"), "");
	assert_true(ceiling.sandbox);
	expect(0, "");
	teardown(NULL);
	look("", "\"io.kubernetes.docker.type\":\"podsandbox\"");
	assert_true(ceiling.sandbox);
	expect(0, "");
}

static void nothing_grows_without_the_daemon_or_when_switched_off(void **state)
{
	char *run_dir = new_directory();
	struct why why;
	int fd;

	(void)state;
	assert_true(ceiling_is_held(&policy, run_dir, &why));
	assert_string_equal(why.text, "oci-thin-growd is not running. Fix: systemctl enable --now "
				      "oci-thin-growd");
	fd = growd_lock(run_dir);
	assert_true(fd >= 0);
	assert_false(ceiling_is_held(&policy, run_dir, &why));
	write_in(run_dir, SWITCH_NAME, "");
	assert_true(ceiling_is_held(&policy, run_dir, &why));
	assert_contains(why.text, "switched off by ");
	close(fd);
	remove_directory(run_dir);
}

static void the_stricter_of_both_marks_of_the_pool_holds(void **state)
{
	(void)state;
	assert_int_equal(settings_autogrow_order(&policy).marks.data_percent, 80);
	assert_int_equal(settings_order(&policy).marks.data_percent, 95);
	policy.pool_guard.data_percent = 70;
	assert_int_equal(settings_autogrow_order(&policy).marks.data_percent, 70);
}

#define CEILING_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CEILING_TEST(without_a_maximum_there_is_no_source),
		CEILING_TEST(an_annotation_comes_before_a_label),
		CEILING_TEST(a_label_takes_effect_unless_labels_are_off),
		CEILING_TEST(the_configuration_and_a_rule_are_sources),
		CEILING_TEST(what_is_ignored_is_still_named),
		CEILING_TEST(a_pods_sandbox_never_grows),
		CEILING_TEST(nothing_grows_without_the_daemon_or_when_switched_off),
		CEILING_TEST(the_stricter_of_both_marks_of_the_pool_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
