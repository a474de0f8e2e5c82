/* SPDX-License-Identifier: Apache-2.0 */

/* `config check | show`: is the configuration in order, and what does it come to? */

#include "policy/config.h"
#include "base/log.h"
#include "base/thousandths.h"
#include "policy/size.h"
#include "role/command.h"
#include "role/role.h"
#include "role/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: oci-thin-grow [--config FILE] config check | show\n"
	"check tells all that is wrong with the configuration, by file, line and key; and of "
	"rules\n"
	"that can never match. show prints what counts, with the place that each value came from,\n"
	"as a file that could be used in the place of those that there are.\n\n"
	"Read are /etc/oci-thin-grow/config.json, then /etc/oci-thin-grow/config.d/*.json in "
	"order;\n"
	"or only FILE.\n\n"
	"Examples:\n"
	"  oci-thin-grow config check && systemctl reload myfleet\n"
	"  oci-thin-grow --config new.json config check\n"
	"  oci-thin-grow config show\n\n"
	"Exit status: 0 in order (also with warnings), 2 broken.\n";

static void tell_warning(const struct why *why, void *context)
{
	(void)context;
	log_stderr("config: warning: %s", why->text);
}

static void check(const struct policy *policy)
{
	const struct config_listener listener = {tell_warning, NULL};
	unsigned int warnings = config_warn(policy, &listener);

	printf("in order: %zu rule%s, %u warning%s\n", policy->n_rules,
	       policy->n_rules == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

/* --- show ------------------------------------------------------------------------------------- */

static void show_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			printf("\\u%04x", (unsigned int)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void show_list(const char *const *list)
{
	putchar('[');
	for (size_t i = 0; list[i]; i++) {
		if (i)
			fputs(", ", stdout);
		show_string(list[i]);
	}
	putchar(']');
}

static void show_size(uint64_t bytes)
{
	if (bytes)
		printf("\"%s\"", size_exact(bytes));
	else
		fputs("null", stdout);
}

/* The end of a member's line. */
static void from(const struct policy *policy, enum config_key key, const char *comma)
{
	struct config_origin origin = config_origin(policy, key);

	if (origin.file)
		printf("%s // %s:%u\n", comma, origin.file, origin.line);
	else
		printf("%s // default\n", comma);
}

static void show_pattern(const char **separator, const char *key, const char *pattern)
{
	if (!pattern)
		return;
	fputs(*separator, stdout);
	show_string(key);
	fputs(": ", stdout);
	show_string(pattern);
	*separator = ", ";
}

static void show_match(const struct rule *rule)
{
	const char *separator = "{ ", *inner = "{ ";

	fputs("\"match\": ", stdout);
	show_pattern(&separator, "engine", rule->engine);
	show_pattern(&separator, "image", rule->image);
	show_pattern(&separator, "namespace", rule->ns);
	if (rule->n_annotations) {
		printf("%s\"annotation\": ", separator);
		for (size_t i = 0; i < rule->n_annotations; i++)
			show_pattern(&inner, rule->annotations[i].key,
				     rule->annotations[i].pattern);
		fputs(" }", stdout);
		separator = ", ";
	}
	fputs(*separator == '{' ? "{}" : " }", stdout);
}

static void show_rule(const struct rule *rule, bool last)
{
	printf("    { // %s:%u\n      \"name\": ", rule->file, rule->line);
	show_string(rule->name);
	fputs(",\n      ", stdout);
	show_match(rule);
	if (rule->has_size) {
		fputs(",\n      \"size\": ", stdout);
		show_size(rule->size_bytes);
	}
	if (rule->max_bytes) {
		fputs(",\n      \"max_size\": ", stdout);
		show_size(rule->max_bytes);
	}
	printf(",\n      \"request\": \"%s\"\n    }%s\n", config_rule_request_words[rule->request],
	       last ? "" : ",");
}

static void show_rules(const struct policy *policy)
{
	fputs("  \"rules\": [", stdout);
	if (policy->n_rules)
		putchar('\n');
	for (size_t i = 0; i < policy->n_rules; i++)
		show_rule(&policy->rules[i], i + 1 == policy->n_rules);
	puts(policy->n_rules ? "  ]," : "], // default");
}

static void show_sizes(const struct policy *policy)
{
	printf("  \"enabled\": %s", policy->enabled ? "true" : "false");
	from(policy, CONFIG_ENABLED, ",");
	fputs("  \"keys\": ", stdout);
	show_list(policy->keys);
	from(policy, CONFIG_KEYS, ",");
	printf("  \"labels\": %s", policy->labels ? "true" : "false");
	from(policy, CONFIG_LABELS, ",");
	fputs("  \"default_size\": ", stdout);
	show_size(policy->default_bytes);
	from(policy, CONFIG_DEFAULT_SIZE, ",");
	fputs("  \"max_size\": ", stdout);
	show_size(policy->max_bytes);
	from(policy, CONFIG_MAX_SIZE, ",");
	fputs("  \"pools\": ", stdout);
	show_list(policy->pools);
	from(policy, CONFIG_POOLS, ",");
}

static void show_failures(const struct policy *policy)
{
	printf("  \"on_exceed\": \"%s\"", config_on_exceed_words[policy->on_exceed]);
	from(policy, CONFIG_ON_EXCEED, ",");
	printf("  \"on_failure\": {\n    \"request\": \"%s\"",
	       config_on_failure_words[policy->on_failure.request]);
	from(policy, CONFIG_ON_FAILURE_REQUEST, ",");
	printf("    \"default\": \"%s\"", config_on_failure_words[policy->on_failure.given]);
	from(policy, CONFIG_ON_FAILURE_DEFAULT, ",");
	printf("    \"not_applicable\": \"%s\"",
	       config_on_failure_words[policy->on_failure.not_applicable]);
	from(policy, CONFIG_ON_FAILURE_NOT_APPLICABLE, "");
	puts("  },");
}

static void show_guard(const struct policy *policy)
{
	printf("  \"pool_guard\": {\n    \"data_percent\": %u", policy->pool_guard.data_percent);
	from(policy, CONFIG_DATA_PERCENT, ",");
	printf("    \"metadata_percent\": %u", policy->pool_guard.metadata_percent);
	from(policy, CONFIG_METADATA_PERCENT, ",");
	printf("    \"overcommit\": %s",
	       thousandths_format(policy->pool_guard.overcommit_thousandths));
	from(policy, CONFIG_OVERCOMMIT, "");
	puts("  },");
}

static void show_rest(const struct policy *policy)
{
	bool seconds = policy->timeout_ms % 1000 == 0;

	printf("  \"timeout\": \"%" PRIu64 "%s\"",
	       seconds ? policy->timeout_ms / 1000 : policy->timeout_ms, seconds ? "s" : "ms");
	from(policy, CONFIG_TIMEOUT, ",");
	fputs("  \"runtime\": ", stdout);
	show_string(policy->runtime);
	from(policy, CONFIG_RUNTIME, ",");
	fputs("  \"data_roots\": ", stdout);
	show_list(policy->data_roots);
	from(policy, CONFIG_DATA_ROOTS, "");
}

static void show(const struct policy *policy)
{
	puts("{");
	show_sizes(policy);
	show_rules(policy);
	show_failures(policy);
	show_guard(policy);
	show_rest(policy);
	puts("}");
}

int role_config(int argc, char *argv[])
{
	const struct command command = {"config", help, NULL};
	void (*what)(const struct policy *policy) = NULL;
	struct policy policy;
	int status;

	if (!command_parse(&command, argc, argv, &status))
		return status;
	if (argc - optind == 1 && strcmp(argv[optind], "check") == 0)
		what = check;
	else if (argc - optind == 1 && strcmp(argv[optind], "show") == 0)
		what = show;
	if (!what)
		return command_misused(&command, "say check or show");
	status = settings_load("config", &policy);
	if (status == EXIT_OK)
		what(&policy);
	config_free(&policy);
	if (fflush(stdout) != 0) {
		log_stderr("config: standard output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return status;
}
