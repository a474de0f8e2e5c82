/* SPDX-License-Identifier: Apache-2.0 */
#include "job/started.h"

#include "base/cleanup.h"

#include "unit.h"

static char *parent, *dir, *until_boot;
static struct started_dirs dirs;
static struct why why;

/* The containers that containerd has: the first answer, then the later ones */
static int answers[2];
static unsigned int asked;

static int setup(void **state)
{
	(void)state;
	parent = new_directory();
	dir = path_in(parent, "started");
	until_boot = path_in(parent, "until-boot");
	dirs = (struct started_dirs){dir, until_boot};
	asked = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_directory(parent);
	free(dir);
	free(until_boot);
	return 0;
}

static int note(const char *ns, const char *id)
{
	return started_note(&dirs, ns, id, "/var/lib/containerd", false, &why);
}

static int is_started(const char *ns, const char *id)
{
	return started_read(&dirs, ns, id, &why);
}

static void a_start_is_remembered(void **state)
{
	(void)state;
	assert_int_equal(is_started("default", "c1"), 0);
	assert_int_equal(note("default", "c1"), 0);
	assert_int_equal(note("default", "c1"), 0);
	assert_int_equal(is_started("default", "c1"), 1);
	assert_int_equal(is_started("default", "c2"), 0);
	assert_int_equal(is_started("k8s.io", "c1"), 0);
}

static void takes_only_identifiers_of_containerds(void **state)
{
	static const char *const wrong[] = {"",	  ".",	"..",	"a/b", "a:b",
					    ".a", "a.", "a..b", "-a",  "a b"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(note("default", wrong[i]), -EINVAL);
		assert_int_equal(note(wrong[i], "c1"), -EINVAL);
		assert_int_equal(is_started("default", wrong[i]), -EINVAL);
	}
	assert_int_equal(note(NULL, "c1"), -EINVAL);
	assert_int_equal(note("default", NULL), -EINVAL);
	assert_int_equal(note("a-b_c.d", "E1"), 0);
}

static bool is_cris(const char *ns, const char *annotations)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	const struct json *all;

	assert_int_equal(json_parse(annotations, strlen(annotations), &doc, &why), 0);
	all = json_root(doc);
	return started_by_cri(ns, &all, 1);
}

/* Outside of CRI's namespace anybody's annotations may say so. */
static void only_cris_namespace_has_containers_of_pods(void **state)
{
	static const char container[] = "{\"io.kubernetes.cri.container-type\":\"container\"}",
			  sandbox[] = "{\"io.kubernetes.cri.container-type\":\"sandbox\"}";

	(void)state;
	assert_true(is_cris("k8s.io", container));
	assert_true(is_cris("k8s.io", sandbox));
	assert_false(is_cris("k8s.io", "{}"));
	assert_false(is_cris("default", container));
	assert_false(is_cris("default", sandbox));
	assert_false(is_cris("k8s.io.", container));
}

static void a_note_that_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	write_file(dir, "");
	assert_int_equal(is_started("default", "c1"), -ENOTDIR);
	assert_int_equal(note("default", "c1"), -ENOTDIR);
}

static int has(const char *root, const char *ns, const char *id, struct why *reason)
{
	(void)reason;
	assert_string_equal(root, "/var/lib/containerd");
	assert_string_equal(ns, "default");
	assert_string_equal(id, "c1");
	return answers[asked++ ? 1 : 0];
}

static void prune(int first, int second)
{
	asked = 0;
	answers[0] = first;
	answers[1] = second;
	assert_int_equal(started_prune(&dirs, has, &why), 0);
}

static void the_note_of_a_container_that_is_gone_is_removed(void **state)
{
	(void)state;
	prune(0, 0); /* there is no directory */
	assert_int_equal(note("default", "c1"), 0);
	prune(0, 0);
	assert_int_equal(is_started("default", "c1"), 0);
}

/* A file in the directory's place: no note can be written, as on a full or read-only disk. */
static void a_start_that_cannot_be_noted_is_remembered_until_the_next_boot(void **state)
{
	(void)state;
	write_file(dir, "");
	assert_int_equal(note("default", "c1"), -ENOTDIR);
	assert_contains(why.text, dir);
	assert_int_equal(remove(dir), 0);
	assert_int_equal(is_started("default", "c1"), 1);
	assert_int_equal(is_started("default", "c2"), 0);
	prune(0, 0);
	assert_int_equal(is_started("default", "c1"), 0);
}

/* Without the note its disk would count as fresh. */
static void the_note_of_a_container_that_may_be_there_stays(void **state)
{
	(void)state;
	assert_int_equal(note("default", "c1"), 0);
	prune(1, 1);
	assert_int_equal(is_started("default", "c1"), 1);
	prune(-ENOENT, -ENOENT);
	assert_int_equal(is_started("default", "c1"), 1);
	/* re-created meanwhile, and started: the note was there already */
	prune(0, 1);
	assert_int_equal(is_started("default", "c1"), 1);
	prune(0, -EIO);
	assert_int_equal(is_started("default", "c1"), 1);
}

static void a_note_that_a_killed_run_has_put_aside_is_back(void **state)
{
	char *aside = path_in(dir, ".default:c1");

	(void)state;
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(symlink("/var/lib/containerd", aside), 0);
	assert_int_equal(is_started("default", "c1"), 0);
	prune(1, 1);
	assert_int_equal(is_started("default", "c1"), 1);
	free(aside);
}

static void a_note_whose_containerd_is_not_known_stays(void **state)
{
	(void)state;
	assert_int_equal(started_note(&dirs, "default", "c1", "unknown", true, &why), 0);
	prune(0, 0);
	assert_int_equal(asked, 0);
	assert_int_equal(is_started("default", "c1"), 1);
}

#define STARTED_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED_TEST(a_start_is_remembered),
		STARTED_TEST(takes_only_identifiers_of_containerds),
		STARTED_TEST(only_cris_namespace_has_containers_of_pods),
		STARTED_TEST(a_note_that_cannot_be_read_is_an_error),
		STARTED_TEST(the_note_of_a_container_that_is_gone_is_removed),
		STARTED_TEST(a_start_that_cannot_be_noted_is_remembered_until_the_next_boot),
		STARTED_TEST(the_note_of_a_container_that_may_be_there_stays),
		STARTED_TEST(a_note_that_a_killed_run_has_put_aside_is_back),
		STARTED_TEST(a_note_whose_containerd_is_not_known_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
