/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config-check.h"
#include "policy/config-keys.h"
#include "policy/config.h"

#include "base/file.h"
#include "base/text.h"

#include "unit.h"

#define EXAMPLE "config/config.json" /* tests run in the checkout's directory */

static char *directory;
static struct policy policy;
static struct why told[16];
static size_t n_told;

static void tell(const struct why *why, void *context)
{
	(void)context;
	if (n_told < COUNT_OF(told))
		told[n_told++] = *why;
}

static const struct config_listener listener = {tell, NULL};

static int setup(void **state)
{
	(void)state;
	umask(022);
	directory = new_directory();
	mkdir_in(directory, CONFIG_DROP_INS);
	n_told = 0;
	policy = policy_builtin;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_free(&policy);
	remove_directory(directory);
	return 0;
}

static int load(void)
{
	config_free(&policy);
	n_told = 0;
	return config_load(directory, NULL, &listener, &policy);
}

static void fine(const char *text)
{
	write_in(directory, CONFIG_FILE, text);
	if (load() < 0)
		fail_msg("%s", told[0].text);
	assert_int_equal(n_told, 0);
	assert_null(policy.broken);
}

static void is_list(const char *const *list, const char *first, const char *second)
{
	assert_string_equal(list[0], first);
	if (!second) {
		assert_null(list[1]);
		return;
	}
	assert_string_equal(list[1], second);
	assert_null(list[2]);
}

static void is_autogrow(const struct autogrow *found, const struct autogrow *expected)
{
	assert_int_equal(found->max_bytes, expected->max_bytes);
	assert_int_equal(found->at_permille, expected->at_permille);
	assert_int_equal(found->by_permille, expected->by_permille);
	assert_int_equal(found->min_step_bytes, expected->min_step_bytes);
	assert_int_equal(found->max_step_bytes, expected->max_step_bytes);
	assert_int_equal(found->cooldown_ms, expected->cooldown_ms);
	assert_int_equal(found->budget, expected->budget);
	assert_int_equal(found->budget_ms, expected->budget_ms);
}

/* All settings, without their origins. */
static void is_builtin(void)
{
	assert_true(policy.enabled);
	is_list(policy.keys, "io.oci-thin-grow.size", "containerd.io/snapshot/max-size");
	assert_true(policy.labels);
	assert_int_equal(policy.default_bytes, 0);
	assert_int_equal(policy.max_bytes, TIB);
	is_list(policy.pools, "*", NULL);
	assert_int_equal(policy.n_rules, 0);
	assert_int_equal(policy.on_exceed, ON_EXCEED_DENY);
	assert_int_equal(policy.on_failure.request, ON_FAILURE_FAIL);
	assert_int_equal(policy.on_failure.implicit, ON_FAILURE_WARN);
	assert_int_equal(policy.on_failure.not_applicable, ON_FAILURE_WARN);
	assert_int_equal(policy.pool_guard.data_percent, 95);
	assert_int_equal(policy.pool_guard.metadata_percent, 90);
	assert_int_equal(policy.pool_guard.overcommit_thousandths, 0);
	assert_int_equal(policy.pool_guard.autogrow_data_percent, 80);
	is_autogrow(&policy.autogrow, &policy_builtin.autogrow);
	assert_int_equal(policy.autogrow.max_bytes, 0);
	assert_int_equal(policy.start_with_bytes, 0);
	assert_int_equal(policy.timeout_ms, 10000);
	assert_string_equal(policy.runtime, "/usr/bin/runc");
	assert_int_equal(policy.n_shims, 0);
	assert_null(policy.data_roots[0]);
	assert_null(policy.nri);
}

static void without_a_file_the_defaults_apply(void **state)
{
	(void)state;
	assert_int_equal(load(), 0);
	is_builtin();
	assert_null(policy.broken);
	remove_directory(directory);
	directory = strdup("/nowhere/oci-thin-grow");
	assert_int_equal(load(), 0);
	is_builtin();
	free(directory);
	directory = new_directory();
}

static char *show(void)
{
	char *text;
	FILE *out = text_stream(&text);

	config_show(&policy, out);
	fclose(out);
	return text;
}

static void the_shipped_file_names_every_default(void **state)
{
	char *shown, *text = NULL;
	size_t len;

	(void)state;
	/* As it is installed: in a checkout or archive its mode may be any. */
	assert_int_equal(file_read_at(AT_FDCWD, EXAMPLE, CONFIG_MAX_BYTES, &text, &len), 0);
	fine(text);
	free(text);
	is_builtin();
	shown = show();
	assert_null(strstr(shown, "// default"));
	free(shown);
}

static void reads_every_key(void **state)
{
	(void)state;
	fine("{\"enabled\": false, \"keys\": [\"a\", \"b\"], \"labels\": false,\n"
	     "\"default_size\": \"4G\", \"max_size\": \"1.5T\", \"pools\": [\"p-*\"],\n"
	     "\"on_exceed\": \"clamp\", \"on_failure\": {\"request\": \"warn\",\n"
	     "\"default\": \"fail\", \"not_applicable\": \"fail\"},\n"
	     "\"pool_guard\": {\"data_percent\": 80, \"metadata_percent\": 1,\n"
	     "\"overcommit\": 1.25}, \"timeout\": \"500ms\", \"runtime\": \"/usr/bin/crun\",\n"
	     "\"data_roots\": [\"/srv/a\", \"/srv/b\"], \"shims\": {\"kata\": \"/opt/shim\"}}");
	assert_false(policy.enabled);
	is_list(policy.keys, "a", "b");
	assert_false(policy.labels);
	assert_int_equal(policy.default_bytes, 4 * GIB);
	assert_int_equal(policy.max_bytes, 3 * TIB / 2);
	is_list(policy.pools, "p-*", NULL);
	assert_int_equal(policy.on_exceed, ON_EXCEED_CLAMP);
	assert_int_equal(policy.on_failure.request, ON_FAILURE_WARN);
	assert_int_equal(policy.on_failure.implicit, ON_FAILURE_FAIL);
	assert_int_equal(policy.on_failure.not_applicable, ON_FAILURE_FAIL);
	assert_int_equal(policy.pool_guard.data_percent, 80);
	assert_int_equal(policy.pool_guard.metadata_percent, 1);
	assert_int_equal(policy.pool_guard.overcommit_thousandths, 1250);
	assert_int_equal(policy.timeout_ms, 500);
	assert_string_equal(policy.runtime, "/usr/bin/crun");
	is_list(policy.data_roots, "/srv/a", "/srv/b");
	assert_string_equal(policy_shim(&policy, "kata")->path, "/opt/shim");
	assert_null(policy_shim(&policy, "kat"));
	assert_int_equal(config_origin(&policy, "default_size").line, 2);
	assert_int_equal(config_origin(&policy, "pool_guard.overcommit").line, 6);
}

static void reads_autogrow_and_start_with(void **state)
{
	(void)state;
	fine("{\"autogrow\": {\"max\": \"16G\", \"at\": \"82.5%\", \"by\": \"50%\",\n"
	     "\"min_step\": \"512M\", \"max_step\": \"8G\", \"cooldown\": \"2m\",\n"
	     "\"budget\": \"3 per 1h\"}, \"start_with\": \"64G\",\n"
	     "\"pool_guard\": {\"autogrow_data_percent\": 60}}");
	is_autogrow(&policy.autogrow, &(struct autogrow){
					      .max_bytes = 16 * GIB,
					      .at_permille = 825,
					      .by_permille = 500,
					      .min_step_bytes = GIB / 2,
					      .max_step_bytes = 8 * GIB,
					      .cooldown_ms = 120000,
					      .budget = 3,
					      .budget_ms = 3600000,
				      });
	assert_int_equal(policy.start_with_bytes, 64 * GIB);
	assert_int_equal(policy.pool_guard.autogrow_data_percent, 60);
	assert_int_equal(config_origin(&policy, "autogrow.budget").line, 3);
	fine("{\"autogrow\": {\"max\": null}, \"start_with\": null}");
	assert_int_equal(policy.autogrow.max_bytes, 0);
	assert_int_equal(policy.start_with_bytes, 0);
}

static void reads_the_socket_of_nri(void **state)
{
	char *shown;

	(void)state;
	fine("{\"nri\": true}");
	assert_string_equal(policy.nri, "/var/run/nri/nri.sock");
	fine("{\"nri\": \"/run/my.sock\"}");
	assert_string_equal(policy.nri, "/run/my.sock");
	shown = show();
	assert_contains(shown, "\"nri\": \"/run/my.sock\" // ");
	free(shown);
	fine("{\"nri\": false}");
	assert_null(policy.nri);
	fine("{\"nri\": null}");
	assert_null(policy.nri);
	shown = show();
	assert_contains(shown, "\"nri\": null // ");
	free(shown);
}

static void reads_autogrow_of_rules(void **state)
{
	const struct rule *rule;

	(void)state;
	fine("{\"rules\": [{\"autogrow\": {\"max\": \"2G\", \"by\": \"10%\",\n"
	     "\"budget\": \"1 per 1s\"}}, {\"autogrow\": {\"max\": null}}, {}]}");
	rule = policy.rules;
	assert_true(rule->has_autogrow_max);
	is_autogrow(&rule->autogrow, &(struct autogrow){
					     .max_bytes = 2 * GIB,
					     .by_permille = 100,
					     .budget = 1,
					     .budget_ms = 1000,
				     });
	rule++;
	assert_true(rule->has_autogrow_max);
	is_autogrow(&rule->autogrow, &(struct autogrow){0});
	rule++;
	assert_false(rule->has_autogrow_max);
}

static void reads_rules(void **state)
{
	const struct rule *rule;

	(void)state;
	fine("/* two */ {\"rules\": [\n"
	     "{\"name\": \"db\", \"match\": {\"engine\": \"docker\", \"image\": \"i\",\n"
	     "\"namespace\": \"n\", \"annotation\": {\"tier\": \"gold\", \"x\": \"y\"}},\n"
	     "\"size\": \"1G\", \"max_size\": \"2T\", \"request\": \"deny\"},\n"
	     "// the rest\n"
	     "{\"size\": null, \"request\": \"ignore\"}, {}]}");
	assert_int_equal(policy.n_rules, 3);
	rule = &policy.rules[0];
	assert_string_equal(rule->name, "db");
	assert_string_equal(rule->engine, "docker");
	assert_string_equal(rule->image, "i");
	assert_string_equal(rule->ns, "n");
	assert_int_equal(rule->n_annotations, 2);
	assert_string_equal(rule->annotations[1].key, "x");
	assert_string_equal(rule->annotations[1].pattern, "y");
	assert_true(rule->has_size);
	assert_int_equal(rule->size_bytes, GIB);
	assert_int_equal(rule->max_bytes, 2 * TIB);
	assert_int_equal(rule->request, RULE_REQUEST_DENY);
	rule++;
	assert_string_equal(rule->name, "config.json:6");
	assert_int_equal(rule->line, 6);
	assert_true(rule->has_size);
	assert_int_equal(rule->size_bytes, 0);
	assert_int_equal(rule->max_bytes, 0);
	assert_int_equal(rule->request, RULE_REQUEST_IGNORE);
	rule++;
	assert_false(rule->has_size);
	assert_int_equal(rule->request, RULE_REQUEST_ALLOW);
}

/* Shown, read and shown again, the output is the same except for the origins. */
static void the_output_of_show_reads_back_as_the_same(void **state)
{
	char *first, *second, *end;

	(void)state;
	fine("{\"enabled\": false, \"keys\": [\"a\\n\", \"b\"], \"default_size\": \"4G\",\n"
	     "\"on_failure\": {\"default\": \"fail\"}, \"timeout\": \"500ms\",\n"
	     "\"pool_guard\": {\"overcommit\": 1.25}, \"rules\": [{\"name\": \"a\",\n"
	     "\"match\": {\"image\": \"i\", \"annotation\": {\"k\": \"v\", \"l\": \"w\"}},\n"
	     "\"size\": null, \"max_size\": \"2T\", \"request\": \"deny\"}, {\"name\": \"b\",\n"
	     "\"autogrow\": {\"max\": null, \"at\": \"62.5%\", \"cooldown\": \"1h\"}}],\n"
	     "\"autogrow\": {\"max\": \"3G\", \"budget\": \"2 per 90s\"}, \"start_with\": \"9G\",\n"
	     "\"shims\": {\"a\": \"/a\", \"b\": \"/b\"}}");
	first = show();
	assert_contains(first, "  \"shims\": {\n    \"a\": \"/a\", // ");
	assert_contains(first, "\n    \"b\": \"/b\" // ");
	assert_contains(first, "  \"default_size\": \"4G\", // ");
	assert_contains(first, "\"on_failure\": {\n    \"request\": \"fail\", // default\n");
	assert_contains(first, "    \"not_applicable\": \"warn\" // default\n  },\n");
	assert_contains(first,
			"      \"autogrow\": {\n        \"max\": null,\n"
			"        \"at\": \"62.5%\",\n        \"cooldown\": \"1h\"\n      }\n");
	assert_contains(first, "    \"by\": \"100%\", // default\n");
	assert_contains(first, "    \"budget\": \"2 per 90s\" // ");
	assert_contains(first, "      \"match\": {\n        \"image\": \"i\",\n"
			       "        \"annotation\": { \"k\": \"v\", \"l\": \"w\" }\n      },\n"
			       "      \"size\": null,\n      \"max_size\": \"2T\",\n");
	fine(first);
	second = show();
	for (char *line = first, *again = second; *line; line = end + 1) {
		size_t len = strcspn(line, "/\n");

		assert_memory_equal(line, again, len);
		end = strchr(line, '\n');
		again = strchr(again, '\n') + 1;
	}
	free(first);
	free(second);
}

static void later_files_win_and_add_rules(void **state)
{
	char *drop_ins = path_in(directory, CONFIG_DROP_INS);

	(void)state;
	write_in(drop_ins, "20-b.json",
		 "{\"max_size\": \"3T\", \"rules\": [{\"name\": \"c\"}],\n"
		 "\"on_failure\": {\"default\": \"fail\"}}");
	write_in(drop_ins, "10-a.json",
		 "{\"max_size\": \"2T\", \"rules\": [{\"name\": \"b\"}],\n"
		 "\"default_size\": null, \"keys\": [\"mine\"]}");
	write_in(drop_ins, "B.json", "{\"timeout\": \"2m\"}"); /* capital letters come first */
	write_in(drop_ins, "a.json", "{\"timeout\": \"3s\"}");
	write_in(drop_ins, "x.json.bak", "broken");
	write_in(drop_ins, ".x.json", "broken");
	fine("{\"rules\": [{\"name\": \"a\"}], \"default_size\": \"4G\",\n"
	     "\"on_failure\": {\"request\": \"warn\"}}");
	assert_int_equal(policy.max_bytes, 3 * TIB);
	assert_int_equal(policy.default_bytes, 0);
	is_list(policy.keys, "mine", NULL);
	assert_int_equal(policy.on_failure.request, ON_FAILURE_WARN);
	assert_int_equal(policy.on_failure.implicit, ON_FAILURE_FAIL);
	assert_int_equal(policy.timeout_ms, 3000);
	assert_int_equal(policy.n_rules, 3);
	assert_string_equal(policy.rules[0].name, "a");
	assert_string_equal(policy.rules[1].name, "b");
	assert_string_equal(policy.rules[2].name, "c");
	assert_contains(config_origin(&policy, "max_size").file, "/config.d/20-b.json");
	free(drop_ins);
}

static void reads_only_the_file_that_is_named(void **state)
{
	char *file = path_in(directory, "my.json");

	(void)state;
	write_in(directory, CONFIG_FILE, "broken");
	write_file(file, "{\"max_size\": \"7G\"}");
	assert_int_equal(config_load(directory, file, &listener, &policy), 0);
	assert_int_equal(policy.max_bytes, 7 * GIB);
	config_free(&policy);
	unlink(file);
	assert_int_equal(config_load(directory, file, &listener, &policy), -EINVAL);
	assert_contains(told[0].text, "/my.json: No such file or directory");
	free(file);
}

/* --- every kind of error: the whole message, behind the directory's name --------------------- */

static void expect_told(size_t i, const char *message)
{
	char *prefix = path_in(directory, "");

	assert_true(i < n_told);
	assert_int_equal(strncmp(told[i].text, prefix, strlen(prefix)), 0);
	assert_string_equal(told[i].text + strlen(prefix), message);
	free(prefix);
}

static void broken(const char *text, const char *message)
{
	write_in(directory, CONFIG_FILE, text);
	assert_int_equal(load(), -EINVAL);
	expect_told(0, message);
	assert_int_equal(n_told, 1);
	assert_string_equal(policy.broken, told[0].text);
	is_builtin();
}

/* Containers that exist are operated with it, whatever else is wrong. */
static void the_runtime_is_kept_if_the_rest_of_the_file_is_broken(void **state)
{
	char *drop_ins = path_in(directory, CONFIG_DROP_INS);

	(void)state;
	write_in(directory, CONFIG_FILE, "{\"max_size\": \"2T\",\n\"runtime\": \"/usr/bin/crun\"}");
	write_in(drop_ins, "50-x.json", "{");
	assert_int_equal(load(), -EINVAL);
	assert_string_equal(policy.runtime, "/usr/bin/crun");
	assert_int_equal(config_origin(&policy, "runtime").line, 2);
	assert_null(config_origin(&policy, "max_size").file);
	policy.runtime = policy_builtin.runtime;
	is_builtin();
	/* in the broken file itself, unless it is itself the error */
	write_in(drop_ins, "50-x.json", "{\"max_size\": \"lots\", \"runtime\": \"/opt/runsc\"}");
	assert_int_equal(load(), -EINVAL);
	assert_string_equal(policy.runtime, "/opt/runsc");
	write_in(drop_ins, "50-x.json", "{\"runtime\": \"runsc\"}");
	assert_int_equal(load(), -EINVAL);
	assert_string_equal(policy.runtime, "/usr/bin/crun");
	free(drop_ins);
}

static void later_files_replace_and_add_shims(void **state)
{
	char *drop_ins = path_in(directory, CONFIG_DROP_INS);

	(void)state;
	write_in(drop_ins, "50-x.json", "{\"shims\": {\"c\": \"/c\",\n\"a\": \"/other\"}}");
	fine("{\"shims\": {\"a\": \"/a\", \"b\": \"/b\"}}");
	assert_int_equal(policy.n_shims, 3);
	assert_string_equal(policy_shim(&policy, "a")->path, "/other");
	assert_contains(policy_shim(&policy, "a")->file, "/50-x.json");
	assert_int_equal(policy_shim(&policy, "a")->line, 2);
	assert_string_equal(policy_shim(&policy, "b")->path, "/b");
	assert_string_equal(policy_shim(&policy, "c")->path, "/c");
	/* Containers that exist are operated with them. */
	write_in(drop_ins, "60-y.json", "{");
	assert_int_equal(load(), -EINVAL);
	assert_string_equal(policy_shim(&policy, "a")->path, "/other");
	free(drop_ins);
}

static void reports_wrong_shims(void **state)
{
	(void)state;
	broken("{\"shims\": []}", "config.json:1: shims: expected an object of names and absolute "
				  "paths, found an array");
	broken("{\"shims\": {\"kata\": \"kata\"}}",
	       "config.json:1: shims.\"kata\": expected an absolute path, found \"kata\"");
	broken("{\"shims\": {\n\"io.kata.v2\": \"/opt/shim\"}}",
	       "config.json:2: shims.\"io.kata.v2\": expected the NAME of "
	       "containerd-shim-NAME-v2 (letters, digits, '-' and '_')");
	broken("{\"shims\": {\"kata\": \"/opt/containerd-shim-oci-thin-grow-kata-v2\"}}",
	       "config.json:1: shims.\"kata\": expected the real shim, not our wrapper for it, "
	       "found "
	       "\"/opt/containerd-shim-oci-thin-grow-kata-v2\"");
	write_in(directory, CONFIG_FILE, "{\"shims\": {\"a\": \"/a\",\n\"a\": \"/b\"}}");
	assert_int_equal(load(), -EINVAL);
	expect_told(0,
		    "config.json:2: shims.\"a\": expected this key once, found it again (first in "
		    "line 1)");
	assert_string_equal(policy_shim(&policy, "a")->path, "/a");
}

static void reports_invalid_json(void **state)
{
	(void)state;
	broken("", "config.json:1: empty");
	broken("{\n\"enabled\": true\n", "config.json:2: ends in the middle at column 16");
	broken("{\n\"enabled\": yes\n}",
	       "config.json:2: lexical error: invalid char in json text at column 12");
	broken("{ \"a\": 1 \"b\": 2 }",
	       "config.json:1: parse error: after key and value, inside map, I expect ',' or '}' "
	       "at column 11");
	broken("{}\n{}", "config.json:2: parse error: trailing garbage at column 1");
	broken("{\n  \"enabled\": true, // \"x\\\n  /* c */\n}",
	       "config.json:4: trailing comma? parse error: invalid object key (must be a string) "
	       "at column 1");
	broken("{\"pools\": [\"a,\\\"\",]}",
	       "config.json:1: trailing comma? parse error: unallowed token at this point in JSON "
	       "text at column 19");
	broken("{\"pools\": [\"a,\" \"b\"]}",
	       "config.json:1: parse error: after array element, I expect ',' or ']' at column 19");
	broken("[]", "config.json:1: the file: expected an object, found an array");
}

static void reports_unknown_keys(void **state)
{
	(void)state;
	broken("{\n\n\"max-size\": \"1T\"}",
	       "config.json:3: unknown key \"max-size\": expected one of enabled, keys, labels, "
	       "default_size, max_size, pools, rules, on_exceed, on_failure, pool_guard, "
	       "autogrow, start_with, timeout, runtime, shims, data_roots, nri");
	broken("{\"pool_guard\": {\n\"percent\": 1}}",
	       "config.json:2: pool_guard: unknown key \"percent\": expected one of data_percent, "
	       "metadata_percent, overcommit, autogrow_data_percent");
	broken("{\"rules\": [{}, {\"match\":\n{\"container\": \"x\"}}]}",
	       "config.json:2: rules[1].match: unknown key \"container\": expected one of engine, "
	       "image, namespace, annotation");
	broken("{\"x\\n\\u001b[2J\": 1}",
	       "config.json:1: unknown key \"x\\n\\x1b[2J\": expected one of enabled, keys, "
	       "labels, "
	       "default_size, max_size, pools, rules, on_exceed, on_failure, pool_guard, "
	       "autogrow, start_with, timeout, runtime, shims, data_roots, nri");
}

static void reports_duplicate_keys(void **state)
{
	(void)state;
	broken("{\"labels\": true,\n\"labels\": true}",
	       "config.json:2: labels: expected this key once, found it again (first in line 1)");
	broken("{\"on_failure\": {\"default\": \"fail\",\n\n\"default\": \"fail\"}}",
	       "config.json:3: on_failure.default: expected this key once, found it again (first "
	       "in line 1)");
	broken("{\"rules\": [{\"match\": {\"annotation\": {\"a\": \"b\", \"a\": \"c\"}}}]}",
	       "config.json:1: rules[0].match.annotation.\"a\": expected this key once, found it "
	       "again (first in line 1)");
}

static void reports_wrong_types(void **state)
{
	(void)state;
	broken("{\n\"enabled\": \"no\"}",
	       "config.json:2: enabled: expected true or false, found \"no\"");
	broken("{\"keys\": \"a\"}",
	       "config.json:1: keys: expected an array of strings, found \"a\"");
	broken("{\"keys\": [\"a\",\n \"\"]}",
	       "config.json:2: keys[1]: expected a string that is not empty, found \"\"");
	broken("{\"pools\": [\"a\\u0000b\"]}",
	       "config.json:1: pools[0]: expected a string that is not empty, found \"a\\x00b\"");
	broken("{\"rules\": {}}",
	       "config.json:1: rules: expected an array of rules, found an object");
	broken("{\"rules\": [1]}", "config.json:1: rules[0]: expected an object, found 1");
	broken("{\"rules\": [{\"match\": null}]}",
	       "config.json:1: rules[0].match: expected an object, found null");
	broken("{\"rules\": [{\"match\": {\"annotation\": []}}]}",
	       "config.json:1: rules[0].match.annotation: expected an object of keys and patterns, "
	       "found an array");
	broken("{\"rules\": [{\"name\": \"a\\nb\"}]}",
	       "config.json:1: rules[0].name: expected a name of at most 64 letters, digits and "
	       "signs, without "
	       "quotes, found \"a\\nb\"");
	broken("{\"on_failure\": true}",
	       "config.json:1: on_failure: expected an object, found a boolean");
}

#define A_SIZE	     "expected a size, as in \"42G\" or \"1.5T\", found "
#define SIZE_OR_NULL "expected a size, as in \"42G\" or \"1.5T\", or null for none, found "

static void reports_wrong_sizes(void **state)
{
	(void)state;
	broken("{\"max_size\": 42}", "config.json:1: max_size: " A_SIZE "42");
	broken("{\"max_size\": null}", "config.json:1: max_size: " A_SIZE "null");
	broken("{\"max_size\": \"0\"}", "config.json:1: max_size: " A_SIZE "\"0\"");
	broken("{\"default_size\": \"+1G\"}",
	       "config.json:1: default_size: " SIZE_OR_NULL "\"+1G\"");
	broken("{\"rules\": [{\"size\": \"4X\"}]}",
	       "config.json:1: rules[0].size: " SIZE_OR_NULL "\"4X\"");
	broken("{\"rules\": [{\"max_size\": null}]}",
	       "config.json:1: rules[0].max_size: " A_SIZE "null");
	broken("{\n\"default_size\": \"2T\"}",
	       "config.json:2: default_size: expected no more than max_size (1 TiB), found 2 TiB");
	broken("{\"max_size\": \"4T\", \"rules\": [\n{\"size\": \"3G\", \"max_size\": \"2G\"}]}",
	       "config.json:2: rule config.json:2: size: expected no more than max_size (2 GiB), "
	       "found 3 GiB");
}

#define A_BUDGET                                                                                   \
	"autogrow.budget: expected steps and a time from \"1s\" to \"24h\", as in \"6 per 10m\", " \
	"found "

static void reports_wrong_budgets(void **state)
{
	static const char *const texts[] = {"",
					    "6",
					    "6 per",
					    "6 per ",
					    "0 per 10m",
					    "1001 per 1s",
					    "-1 per 10m",
					    "6 per 10",
					    "6 in 10m",
					    "6  per 10m",
					    "6 per 10m ",
					    " 6 per 10m",
					    "6 per 999ms",
					    "6 per 25h",
					    "1.5 per 10m",
					    "6 per -1s"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct text config, message;

		text_into(&config, "{\"autogrow\": {\"budget\": \"%s\"}}", texts[i]);
		text_into(&message, "config.json:1: " A_BUDGET "\"%s\"", texts[i]);
		broken(config.s, message.s);
	}
	broken("{\"autogrow\": {\"budget\": 6}}", "config.json:1: " A_BUDGET "6");
}

static void reports_wrong_percentages(void **state)
{
	(void)state;
	broken("{\"autogrow\": {\"at\": \"49.9%\"}}",
	       "config.json:1: autogrow.at: expected a percentage from \"50%\" to \"99%\", as in "
	       "\"85%\", found "
	       "\"49.9%\"");
	broken("{\"rules\": [{\"autogrow\": {\n\"at\": \"100%\"}}]}",
	       "config.json:2: rules[0].autogrow.at: expected a percentage from \"50%\" to "
	       "\"99%\", as in \"85%\", "
	       "found \"100%\"");
	broken("{\"autogrow\": {\"at\": 85}}", "config.json:1: autogrow.at: expected a percentage "
					       "from \"50%\" to \"99%\", as in \"85%\", found 85");
	broken("{\"autogrow\": {\"at\": \"85\"}}",
	       "config.json:1: autogrow.at: expected a percentage from \"50%\" to \"99%\", as in "
	       "\"85%\", found "
	       "\"85\"");
	broken("{\"autogrow\": {\"at\": \"85.25%\"}}",
	       "config.json:1: autogrow.at: expected a percentage from \"50%\" to \"99%\", as in "
	       "\"85%\", found "
	       "\"85.25%\"");
	broken("{\"autogrow\": {\"by\": \"0.9%\"}}",
	       "config.json:1: autogrow.by: expected a percentage from \"1%\" to \"1000%\", as in "
	       "\"50%\", found "
	       "\"0.9%\"");
	broken("{\"autogrow\": {\"by\": \"99999999999999999999%\"}}",
	       "config.json:1: autogrow.by: expected a percentage from \"1%\" to \"1000%\", as in "
	       "\"50%\", found "
	       "\"99999999999999999999%\"");
	broken("{\"autogrow\": {\"by\": \"%\"}}",
	       "config.json:1: autogrow.by: expected a percentage from \"1%\" to \"1000%\", as in "
	       "\"50%\", found "
	       "\"%\"");
}

/* Each is fine by itself. */
static void reports_limits_that_contradict_each_other(void **state)
{
	(void)state;
	broken("{\"autogrow\": {\n\"max\": \"2T\"}}",
	       "config.json:2: autogrow.max: expected no more than max_size (1 TiB), found 2 TiB");
	broken("{\"rules\": [{},\n{\"name\": \"r\", \"autogrow\": {\"max\": \"2T\"}}]}",
	       "config.json:2: rule r: autogrow.max: expected no more than max_size (1 TiB), found "
	       "2 TiB");
	fine("{\"rules\": [{\"max_size\": \"2T\", \"autogrow\": {\"max\": \"2T\"}}]}");
	/* The general one is reduced where a rule allows less. */
	fine("{\"autogrow\": {\"max\": \"2G\"}, \"rules\": [{\"max_size\": \"1G\"}]}");
	broken("{\"autogrow\": {\"max_step\": \"2G\",\n\"min_step\": \"3G\"}}",
	       "config.json:2: autogrow.min_step: expected no more than max_step (2 GiB), found 3 "
	       "GiB");
	broken("{\"autogrow\": {\"min_step\": \"65G\"}}",
	       "config.json:1: autogrow.min_step: expected no more than max_step (64 GiB), found "
	       "65 "
	       "GiB");
	broken("{\"autogrow\": {\"max_step\": \"512M\"}}",
	       "config.json:1: autogrow.max_step: expected at least min_step (1 GiB), found 512 "
	       "MiB");
	broken("{\"autogrow\": {\"max_step\": \"8G\"}, \"rules\": [\n"
	       "{\"name\": \"r\", \"autogrow\": {\"min_step\": \"9G\"}}]}",
	       "config.json:2: rule r: autogrow.min_step: expected no more than max_step (8 GiB), "
	       "found 9 GiB");
	/* reported once, and not for a rule that sets neither */
	broken("{\"autogrow\": {\"min_step\": \"65G\"}, \"rules\": [{\"size\": \"1G\"}]}",
	       "config.json:1: autogrow.min_step: expected no more than max_step (64 GiB), found "
	       "65 GiB");
	broken("{\"pool_guard\": {\"data_percent\": 70,\n\"autogrow_data_percent\": 71}}",
	       "config.json:2: pool_guard.autogrow_data_percent: expected no more than "
	       "data_percent "
	       "(70), found 71");
	fine("{\"pool_guard\": {\"data_percent\": 70}}");
}

static void reports_wrong_words(void **state)
{
	(void)state;
	broken("{\"on_exceed\": \"cut\"}",
	       "config.json:1: on_exceed: expected \"deny\" or \"clamp\", found \"cut\"");
	broken("{\"on_failure\": {\"request\": \"ignore\"}}",
	       "config.json:1: on_failure.request: expected \"fail\" or \"warn\", found "
	       "\"ignore\"");
	broken("{\"rules\": [{\"request\": \"no\"}]}",
	       "config.json:1: rules[0].request: expected \"allow\" or \"ignore\" or \"deny\", "
	       "found \"no\"");
}

#define A_RATIO                                                                                    \
	"pool_guard.overcommit: expected a number such as 2 or 1.5 (three decimals at most), or "  \
	"0 for no limit, found "

static void reports_wrong_numbers(void **state)
{
	(void)state;
	broken("{\"pool_guard\": {\"data_percent\": 101}}",
	       "config.json:1: pool_guard.data_percent: expected a whole number from 1 to 100, "
	       "found "
	       "101");
	broken("{\"pool_guard\": {\"metadata_percent\": 0}}",
	       "config.json:1: pool_guard.metadata_percent: expected a whole number from 1 to 100, "
	       "found 0");
	broken("{\"pool_guard\": {\"data_percent\": 9.5}}",
	       "config.json:1: pool_guard.data_percent: expected a whole number from 1 to 100, "
	       "found "
	       "9.5");
	broken("{\"pool_guard\": {\"overcommit\": -1}}", "config.json:1: " A_RATIO "-1");
	broken("{\"pool_guard\": {\"overcommit\": 1e3}}", "config.json:1: " A_RATIO "1e3");
	broken("{\"pool_guard\": {\"overcommit\": 1.2345}}", "config.json:1: " A_RATIO "1.2345");
	broken("{\"pool_guard\": {\"overcommit\": 99999999}}",
	       "config.json:1: " A_RATIO "99999999");
	broken("{\"pool_guard\": {\"overcommit\": \"2\"}}", "config.json:1: " A_RATIO "\"2\"");
}

#define A_TIME                                                                                     \
	"config.json:1: timeout: expected a time from \"100ms\" to \"10m\", as in \"10s\", found "

static void reports_wrong_times(void **state)
{
	(void)state;
	broken("{\"timeout\": \"10\"}", A_TIME "\"10\"");
	broken("{\"timeout\": 10}", A_TIME "10");
	broken("{\"timeout\": \"99ms\"}", A_TIME "\"99ms\"");
	broken("{\"timeout\": \"11m\"}", A_TIME "\"11m\"");
	broken("{\"timeout\": \"9999999999s\"}", A_TIME "\"9999999999s\"");
	broken("{\"timeout\": \"s\"}", A_TIME "\"s\"");
	broken("{\"timeout\": \"1 s\"}", A_TIME "\"1 s\"");
	broken("{\"timeout\": \"1h\"}", A_TIME "\"1h\"");
	broken("{\"autogrow\": {\"cooldown\": \"999ms\"}}",
	       "config.json:1: autogrow.cooldown: expected a time from \"1s\" to \"24h\", as in "
	       "\"30s\", found \"999ms\"");
	broken("{\"autogrow\": {\"cooldown\": \"25h\"}}",
	       "config.json:1: autogrow.cooldown: expected a time from \"1s\" to \"24h\", as in "
	       "\"30s\", found \"25h\"");
}

static void reports_wrong_paths(void **state)
{
	(void)state;
	broken("{\"runtime\": \"runc\"}",
	       "config.json:1: runtime: expected an absolute path, found \"runc\"");
	broken("{\"runtime\": \"/usr/sbin/oci-thin-grow-runtime\"}",
	       "config.json:1: runtime: expected the real runtime, not the wrapper itself, found "
	       "\"/usr/sbin/oci-thin-grow-runtime\"");
	/* Under the wrapper's argv[0] it would execute itself again and again. */
	broken("{\"runtime\": \"/usr/sbin/oci-thin-grow\"}",
	       "config.json:1: runtime: expected the real runtime, not the wrapper itself, found "
	       "\"/usr/sbin/oci-thin-grow\"");
	fine("{\"data_roots\": [\"/data/docker/\", \"/data/oci-thin-grow\"]}");
	is_list(policy.data_roots, "/data/docker/", "/data/oci-thin-grow");
	broken("{\"data_roots\": [\"/a\", \"b\"]}",
	       "config.json:1: data_roots[1]: expected an absolute path, found \"b\"");
	broken("{\"nri\": \"nri.sock\"}",
	       "config.json:1: nri: expected true, the absolute path of NRI's socket, or null for "
	       "none, found \"nri.sock\"");
	broken("{\"nri\": 1}",
	       "config.json:1: nri: expected true, the absolute path of NRI's socket, "
	       "or null for none, found 1");
	broken("{\"data_roots\": \"/a\"}",
	       "config.json:1: data_roots: expected an array of absolute paths, found \"/a\"");
}

#define NOT_ROOTS                                                                                  \
	"expected a file of root's that nobody else can write: chown root and chmod go-w it"

static void ignores_files_of_other_owners(void **state)
{
	char *file = path_in(directory, CONFIG_FILE),
	     *drop_ins = path_in(directory, CONFIG_DROP_INS);

	(void)state;
	write_file(file, "{}");
	assert_int_equal(chmod(file, 0664), 0);
	assert_int_equal(load(), -EINVAL);
	expect_told(0, "config.json: " NOT_ROOTS);
	assert_int_equal(chmod(file, 0646), 0);
	assert_int_equal(load(), -EINVAL);
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(load(), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(file, 1000, 0), 0);
		assert_int_equal(load(), -EINVAL);
		expect_told(0, "config.json: " NOT_ROOTS);
		assert_int_equal(chown(file, 0, 1000), 0);
	}
	assert_int_equal(chmod(drop_ins, 0777), 0);
	assert_int_equal(load(), -EINVAL);
	assert_contains(told[0].text, "/config.d: expected a directory of root's");
	assert_int_equal(chmod(drop_ins, 0755), 0);
	assert_int_equal(chmod(directory, 0775), 0);
	assert_int_equal(load(), -EINVAL);
	assert_contains(told[0].text,
			": expected a directory of root's that nobody else can write");
	assert_int_equal(chmod(directory, 0755), 0);
	assert_int_equal(load(), 0);
	free(file);
	free(drop_ins);
}

static void reads_regular_files_only(void **state)
{
	char *file = path_in(directory, CONFIG_FILE), *large = malloc(CONFIG_MAX_BYTES + 2);

	(void)state;
	assert_int_equal(mkdir(file, 0755), 0);
	assert_int_equal(load(), -EINVAL);
	expect_told(0, "config.json: expected a regular file");
	assert_int_equal(rmdir(file), 0);
	assert_int_equal(mkfifo(file, 0644), 0);
	assert_int_equal(load(), -EINVAL);
	expect_told(0, "config.json: expected a regular file");
	assert_int_equal(unlink(file), 0);
	assert_non_null(large);
	memset(large, ' ', CONFIG_MAX_BYTES + 1);
	large[CONFIG_MAX_BYTES + 1] = '\0';
	write_file(file, large);
	assert_int_equal(load(), -EINVAL);
	expect_told(0, "config.json: cannot be read: larger than 1 MiB");
	free(file);
	free(large);
}

/* As a ConfigMap's files are: the link is root's, for the directory is; the file is looked at. */
static void a_link_is_followed_and_its_file_checked(void **state)
{
	char *file = path_in(directory, CONFIG_FILE), *real = path_in(directory, "real");

	(void)state;
	write_file(real, "{\"max_size\": \"5G\"}");
	assert_int_equal(symlink("real", file), 0);
	assert_int_equal(load(), 0);
	assert_int_equal(policy.max_bytes, 5 * GIB);
	assert_int_equal(chmod(real, 0666), 0);
	assert_int_equal(load(), -EINVAL);
	expect_told(0, "config.json: " NOT_ROOTS);
	free(file);
	free(real);
}

/* Its values are unknown: the defaults may allow more than it would. */
static void a_dangling_link_is_not_a_missing_file(void **state)
{
	char *file = path_in(directory, CONFIG_FILE),
	     *drop_ins = path_in(directory, CONFIG_DROP_INS);
	char *drop_in = path_in(drop_ins, "a.json");

	(void)state;
	assert_int_equal(symlink("gone", file), 0);
	assert_int_equal(load(), -EINVAL);
	expect_told(0, "config.json: a symbolic link that leads nowhere");
	assert_int_equal(unlink(file), 0);
	assert_int_equal(symlink("gone", drop_in), 0);
	assert_int_equal(load(), -EINVAL);
	assert_contains(told[0].text, "config.d/a.json: a symbolic link that leads nowhere");
	assert_int_equal(unlink(drop_in), 0);
	assert_int_equal(rmdir(drop_ins), 0);
	assert_int_equal(load(), 0);
	assert_int_equal(symlink("gone", drop_ins), 0);
	assert_int_equal(load(), -EINVAL);
	assert_contains(told[0].text, "config.d: a symbolic link that leads nowhere");
	free(file);
	free(drop_ins);
	free(drop_in);
}

static void reports_every_error(void **state)
{
	char *drop_ins = path_in(directory, CONFIG_DROP_INS);

	(void)state;
	write_in(drop_ins, "a.json", "{\"c\": 1}");
	write_in(directory, CONFIG_FILE, "{\"enabled\": 0,\n\"labels\": 0,\n\"x\": 0}");
	assert_int_equal(load(), -EINVAL);
	assert_int_equal(n_told, 4);
	expect_told(0, "config.json:1: enabled: expected true or false, found 0");
	expect_told(1, "config.json:2: labels: expected true or false, found 0");
	assert_contains(told[2].text, "config.json:3: unknown key \"x\"");
	assert_contains(told[3].text, "config.d/a.json:1: unknown key \"c\"");
	assert_string_equal(policy.broken, told[0].text);
	free(drop_ins);
}

static void nothing_but_the_runtime_of_a_broken_file_takes_effect(void **state)
{
	(void)state;
	write_in(directory, CONFIG_FILE,
		 "{\"max_size\": \"8000P\", \"default_size\": \"4G\", \"rules\": [{}],\n"
		 "\"runtime\": \"/usr/bin/crun\", \"pool_guard\": 1, \"enabled\": false}");
	assert_int_equal(load(), -EINVAL);
	assert_string_equal(policy.runtime, "/usr/bin/crun");
	policy.runtime = policy_builtin.runtime;
	is_builtin();
	write_in(directory, CONFIG_FILE, "{\"runtime\": \"/usr/bin/crun\",\n\"max_size\": }");
	assert_int_equal(load(), -EINVAL);
	is_builtin();
	assert_int_equal(n_told, 1);
}

static void warns_of_rules_that_can_never_match(void **state)
{
	(void)state;
	fine("{\"runtime\": \"/bin/sh\", \"rules\": [\n"
	     "{\"name\": \"a\", \"match\": {\"image\": \"*/postgres:*\"}},\n"
	     "{\"name\": \"b\", \"match\": {\"image\": \"*/postgres:16\"}},\n"
	     "{\"name\": \"c\", \"match\": {\"engine\": \"dockre\"}},\n"
	     "{\"name\": \"d\", \"match\": {\"engine\": \"crio\"}},\n"
	     "{\"name\": \"e e\"}, {\"name\": \"f\"}]}");
	assert_int_equal(config_warn(&policy, &listener), 3);
	assert_int_equal(n_told, 3);
	assert_contains(told[0].text, "config.json:3: rule b can never match: rule a (");
	assert_contains(told[0].text, "config.json:2) matches before it");
	assert_contains(told[1].text, "config.json:4: rule c can never match: unknown engine "
				      "\"dockre\"");
	assert_contains(told[2].text, "config.json:6: rule f can never match: rule e e (");
}

static void dev_null_sets_nothing(void **state)
{
	(void)state;
	write_in(directory, CONFIG_FILE, "{");
	n_told = 0;
	assert_int_equal(config_load(directory, "/dev/null", &listener, &policy), 0);
	assert_int_equal(n_told, 0);
	is_builtin();
}

static void records_which_files_were_read_and_which_were_ignored(void **state)
{
	char *drop_ins = path_in(directory, CONFIG_DROP_INS);
	const struct config_file *file;

	(void)state;
	write_in(drop_ins, "50-x.jsn", "{");
	write_in(drop_ins, ".hidden.json", "{");
	write_in(drop_ins, "60-y.json", "{}");
	fine("{}");
	file = policy.memory->files;
	assert_contains(file->path, "/config.json");
	assert_false(file->ignored);
	file = file->next;
	assert_contains(file->path, "/50-x.jsn");
	assert_true(file->ignored);
	file = file->next;
	assert_contains(file->path, "/60-y.json");
	assert_false(file->ignored);
	assert_null(file->next);
	free(drop_ins);
}

static void shows_values_and_origins_as_json(void **state)
{
	char *text;
	FILE *out = text_stream(&text);

	(void)state;
	fine("{\"pools\": [\"a // \\\"b\"],\n\"rules\": [{\"name\": \"r\"}]}");
	config_show_json(&policy, out);
	fclose(out);
	assert_contains(text, "\"pools\": [\"a // \\\"b\"], \"rules\": [{ \"name\": \"r\",");
	assert_contains(text, "\"origins\": {\"pools\": \"/");
	assert_contains(text, "/config.json:1\", \"rules\": \"/");
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	free(text);
}

static void finds_that_the_runtime_cannot_be_executed(void **state)
{
	struct why why;

	(void)state;
	fine("{\"runtime\": \"/no/runc\"}");
	assert_int_equal(config_check_runtime(&policy, &why), -ENOENT);
	assert_contains(why.text, "runtime \"/no/runc\" not found (set in /");
	assert_contains(why.text, "/config.json:1)");
	fine("{\"runtime\": \"/usr\"}");
	assert_int_equal(config_check_runtime(&policy, &why), -EACCES);
	fine("{\"runtime\": \"/bin/sh\"}");
	assert_int_equal(config_check_runtime(&policy, &why), 0);
}

static int check_shim(const char *path)
{
	struct shim shim = {"kata", path, "/x.json", 3};
	struct why why;
	int r = config_check_shim(&shim, &why);

	if (r < 0) {
		assert_contains(why.text, path);
		assert_contains(why.text, "(set in /x.json:3)");
	}
	return r;
}

static void a_shim_is_a_program_of_roots_and_not_ours(void **state)
{
	char *program = path_in(directory, "shim"), *link = path_in(directory, "link");

	(void)state;
	assert_int_equal(check_shim("/no/shim"), -ENOENT);
	assert_int_equal(check_shim("/usr"), -EACCES);
	assert_int_equal(check_shim("/bin/sh"), 0);
	write_file(program, "#!/bin/sh\n");
	assert_int_equal(check_shim(program), -EACCES);
	assert_int_equal(chmod(program, 0755), 0);
	assert_int_equal(check_shim(program), 0);
	assert_int_equal(chmod(program, 0775), 0);
	assert_int_equal(check_shim(program), -EPERM);
	assert_int_equal(symlink("/proc/self/exe", link), 0);
	assert_int_equal(check_shim(link), -ELOOP);
	free(program);
	free(link);
}

#define CONFIG_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONFIG_TEST(without_a_file_the_defaults_apply),
		CONFIG_TEST(the_shipped_file_names_every_default),
		CONFIG_TEST(reads_every_key),
		CONFIG_TEST(reads_autogrow_and_start_with),
		CONFIG_TEST(reads_the_socket_of_nri),
		CONFIG_TEST(reads_autogrow_of_rules),
		CONFIG_TEST(reads_rules),
		CONFIG_TEST(the_output_of_show_reads_back_as_the_same),
		CONFIG_TEST(later_files_win_and_add_rules),
		CONFIG_TEST(reads_only_the_file_that_is_named),
		CONFIG_TEST(the_runtime_is_kept_if_the_rest_of_the_file_is_broken),
		CONFIG_TEST(later_files_replace_and_add_shims),
		CONFIG_TEST(reports_wrong_shims),
		CONFIG_TEST(reports_invalid_json),
		CONFIG_TEST(reports_unknown_keys),
		CONFIG_TEST(reports_duplicate_keys),
		CONFIG_TEST(reports_wrong_types),
		CONFIG_TEST(reports_wrong_sizes),
		CONFIG_TEST(reports_wrong_budgets),
		CONFIG_TEST(reports_wrong_percentages),
		CONFIG_TEST(reports_limits_that_contradict_each_other),
		CONFIG_TEST(reports_wrong_words),
		CONFIG_TEST(reports_wrong_numbers),
		CONFIG_TEST(reports_wrong_times),
		CONFIG_TEST(reports_wrong_paths),
		CONFIG_TEST(ignores_files_of_other_owners),
		CONFIG_TEST(reads_regular_files_only),
		CONFIG_TEST(a_link_is_followed_and_its_file_checked),
		CONFIG_TEST(a_dangling_link_is_not_a_missing_file),
		CONFIG_TEST(reports_every_error),
		CONFIG_TEST(nothing_but_the_runtime_of_a_broken_file_takes_effect),
		CONFIG_TEST(warns_of_rules_that_can_never_match),
		CONFIG_TEST(dev_null_sets_nothing),
		CONFIG_TEST(records_which_files_were_read_and_which_were_ignored),
		CONFIG_TEST(shows_values_and_origins_as_json),
		CONFIG_TEST(finds_that_the_runtime_cannot_be_executed),
		CONFIG_TEST(a_shim_is_a_program_of_roots_and_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
