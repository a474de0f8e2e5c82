/* SPDX-License-Identifier: Apache-2.0 */
#include "arguments.h"

#include "base/count.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/similar.h"
#include "base/text.h"
#include "job/tell.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

enum kind { FLAG, VALUE, DATA_ROOT };

/* An option, and where in struct arguments it goes. */
#define AT(member) offsetof(struct arguments, member)
static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
} own_options[] = {
	{"all", FLAG, AT(all)},
	{"data-root", DATA_ROOT, AT(target)},
	{"default", FLAG, AT(by_default)},
	{"device", VALUE, AT(target.device)},
	{"dry-run", FLAG, AT(dry_run)},
	{"file", VALUE, AT(file)},
	{"force", FLAG, AT(force)},
	{"full", VALUE, AT(full)},
	{"in-place", FLAG, AT(in_place)},
	{"json", FLAG, AT(json)},
	{"keep-runtime", FLAG, AT(keep_runtime)},
	{"like", VALUE, AT(like)},
	{"names", FLAG, AT(names)},
	{"no-check", FLAG, AT(no_check)},
	{"no-default", FLAG, AT(no_default)},
	{"output", VALUE, AT(output)},
	{"path", VALUE, AT(target.path)},
	{"pid", VALUE, AT(target.pid)},
	{"pools", FLAG, AT(pools)},
	{"print", FLAG, AT(print)},
	{"root", VALUE, AT(root)},
	{"running", FLAG, AT(running)},
	{"runtime", VALUE, AT(runtime)},
	{"shim", VALUE, AT(shim)},
	{"snapshotter", VALUE, AT(snapshotter)},
	{"sort", VALUE, AT(sort)},
	{"state", VALUE, AT(state)},
	{"unhealed", FLAG, AT(unhealed)},
	{"unmounted", FLAG, AT(unmounted)},
	{"watch", FLAG, AT(watch)},
	{"wide", FLAG, AT(wide)},
};

/* What getopt_long() returns, above all characters; the rows of own_options follow. */
enum { OPTION_HELP = 256, OPTION_VERSION, OPTION_VERBOSE, OPTION_CONFIG, OPTION_OWN };
#define COMMON_OPTIONS (OPTION_OWN - OPTION_HELP)

static const struct option common_options[COMMON_OPTIONS] = {
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"verbose", no_argument, NULL, OPTION_VERBOSE},
	{"config", required_argument, NULL, OPTION_CONFIG},
};

static bool takes_option(const struct command *command, const char *name)
{
	for (const char *const *option = command->options; *option; option++) {
		if (strcmp(*option, name) == 0)
			return true;
	}
	return false;
}

#define OPTIONS_MAX (COMMON_OPTIONS + COUNT(own_options) + 1)

/* Those of @command, among which abbreviations must be unique; NULL: those of all commands. */
static void fill_options(struct option options[OPTIONS_MAX], const struct command *command)
{
	size_t n = COMMON_OPTIONS;

	memcpy(options, common_options, sizeof(common_options));
	for (size_t i = 0; i < COUNT(own_options); i++) {
		if (command && !takes_option(command, own_options[i].name))
			continue;
		options[n++] = (struct option){
			.name = own_options[i].name,
			.has_arg = own_options[i].kind == FLAG ? no_argument : required_argument,
			.val = OPTION_OWN + (int)i,
		};
	}
	options[n] = (struct option){0};
}

static const char *option_name(int value)
{
	return value >= OPTION_OWN ? own_options[value - OPTION_OWN].name
				   : common_options[value - OPTION_HELP].name;
}

struct parser {
	struct arguments *arguments;
	bool help, version, json;
	struct text wrong; /* the first error, or "" */
};

/* 0, or -EINVAL with a reason. */
static int take_own(struct parser *parser, size_t i, const char *value, struct why *why)
{
	void *target = (char *)parser->arguments + own_options[i].offset;

	if (own_options[i].kind == FLAG)
		*(bool *)target = true;
	else if (own_options[i].kind == VALUE)
		*(const char **)target = value;
	else
		return target_add_root(target, value, why);
	return 0;
}

/* "; did you mean --dry-run?", for "--dryrun" or "--dryrun=1"; or nothing. */
static void suggest_option(struct text *out, const struct option *options, const char *typed)
{
	const char *name = strncmp(typed, "--", 2) == 0 ? typed + 2 : "";
	struct similar nearest = {0};

	for (; options->name; options++)
		similar_try(&nearest, name, strcspn(name, "="), options->name);
	if (nearest.name)
		text_add(out, "; did you mean --%s?", nearest.name);
}

static bool is_another_commands(const char *typed)
{
	for (size_t i = 0; i < COUNT(own_options); i++) {
		size_t len = strlen(own_options[i].name);

		if (strncmp(typed, "--", 2) == 0 &&
		    strncmp(typed + 2, own_options[i].name, len) == 0 &&
		    (typed[2 + len] == '\0' || typed[2 + len] == '='))
			return true;
	}
	return false;
}

/* optopt is the letter, or the value of the option; 0: a long option that is in no table. */
static void describe_error(struct text *out, int c, const struct option *options, char *argv[])
{
	const char letter[] = {'-', (char)optopt, '\0'};
	const char *typed = optopt ? letter : argv[optind - 1];

	if (optopt >= OPTION_HELP) {
		text_into(out, "--%s %s", option_name(optopt),
			  c == ':' ? "needs a value" : "takes no value");
	} else if (is_another_commands(typed)) {
		text_into(out, "it takes no %.*s", (int)strcspn(typed, "="), typed);
	} else {
		text_into(out, "unknown option %s", quote(typed));
		suggest_option(out, options, typed);
	}
}

static void take_option(struct parser *parser, int c, const struct option *options, char *argv[])
{
	struct why why;

	if (c == OPTION_HELP || c == 'h')
		parser->help = true;
	else if (c == OPTION_VERSION || c == 'V')
		parser->version = true;
	else if (c == OPTION_VERBOSE)
		log_init(parser->arguments->verbose = true);
	else if (c == OPTION_CONFIG)
		parser->arguments->config_file = optarg;
	else if (c < OPTION_OWN)
		describe_error(&parser->wrong, c, options, argv);
	else if (take_own(parser, (size_t)(c - OPTION_OWN), optarg, &why) < 0)
		text_into(&parser->wrong, "%s", why.text);
}

/*
 * Takes the options before the next operand; with a @command all of its options, which
 * getopt_long() moves before the operands. optind is the first operand then.
 */
static void take_options(struct parser *parser, const struct command *command, int argc,
			 char *argv[])
{
	struct option options[OPTIONS_MAX];
	int c;

	fill_options(options, command);
	while ((c = getopt_long(argc, argv, command ? ":hV" : "+:hV", options, NULL)) >= 0) {
		/* the rest is still parsed, as the command may come last */
		if (!parser->help && !parser->version && !*parser->wrong.s)
			take_option(parser, c, options, argv);
	}
}

static void check_operands(struct parser *parser, const struct command *command)
{
	const struct arguments *arguments = parser->arguments;

	if (*parser->wrong.s)
		return;
	if (arguments->n_operands > command->max_operands)
		text_into(&parser->wrong, "unexpected argument %s",
			  quote(arguments->operands[command->max_operands]));
	else if (arguments->n_operands < command->min_operands)
		text_into(&parser->wrong, "%s is missing", command->arguments);
}

static const struct command *find_command(const struct command *const commands[], const char *name)
{
	for (size_t i = 0; name && commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

/* What other programs call our commands. */
static const struct {
	const char *typed, *meant;
} habits[] = {
	{"resize", "grow"},	  {"extend", "grow"},	  {"expand", "grow"},
	{"enlarge", "grow"},	  {"ls", "list"},	  {"ps", "list"},
	{"show", "explain"},	  {"inspect", "explain"}, {"status", "doctor"},
	{"check", "doctor"},	  {"install", "enable"},  {"repair", "heal"},
	{"uninstall", "disable"}, {"fstrim", "trim"},	  {"discard", "trim"},
};

static const char *suggest_command(const struct command *const commands[], const char *typed)
{
	struct similar nearest = {0};

	for (size_t i = 0; i < COUNT(habits); i++) {
		if (strcmp(habits[i].typed, typed) == 0)
			return habits[i].meant;
	}
	for (size_t i = 0; commands[i]; i++)
		similar_try(&nearest, typed, strlen(typed), commands[i]->name);
	return nearest.name;
}

static void unknown_command(const struct command *const commands[], const char *typed,
			    struct text *out)
{
	const char *meant = suggest_command(commands, typed);

	if (meant)
		text_into(out, "unknown command %s; did you mean %s?", quote(typed), meant);
	else
		text_into(out, "unknown command %s; see oci-thin-grow --help", quote(typed));
}

static enum arguments_result wrong_without_command(const struct parser *parser,
						   const struct command *const commands[],
						   const char *name)
{
	struct text reason;

	if (*parser->wrong.s)
		text_into(&reason, "%s; see oci-thin-grow --help", parser->wrong.s);
	else if (name)
		unknown_command(commands, name, &reason);
	else if (parser->json)
		text_into(&reason, "no command is given; see oci-thin-grow --help");
	else
		return ARGUMENTS_NOTHING;
	log_stderr("%s", reason.s);
	if (parser->json)
		tell_failure_json(NULL, EXIT_USAGE, reason.s);
	return ARGUMENTS_WRONG;
}

/* The name of the command, or NULL. "help grow" is "grow --help". */
static const char *find_name(struct parser *parser, int argc, char *argv[])
{
	take_options(parser, NULL, argc, argv);
	if (!argv[optind] || strcmp(argv[optind], "help") != 0)
		return argv[optind];
	parser->help = true;
	optind++;
	take_options(parser, NULL, argc, argv);
	return argv[optind];
}

/* No option is taken after an error, and not all commands have this one: looked for apart. */
static bool wants_json(char *argv[])
{
	for (char **word = argv; *word && strcmp(*word, "--") != 0; word++) {
		if (strcmp(*word, "--json") == 0)
			return true;
	}
	return false;
}

enum arguments_result arguments_parse(const struct command *const commands[], int argc,
				      char *argv[], struct arguments *ret,
				      const struct command **ret_command)
{
	struct parser parser = {.arguments = ret, .json = wants_json(argv)};
	const struct command *command;
	const char *name;

	*ret = (struct arguments){0};
	name = find_name(&parser, argc, argv);
	*ret_command = command = find_command(commands, name);
	if (command) {
		/* from the start again, now with the command's options */
		parser =
			(struct parser){.arguments = ret, .help = parser.help, .json = parser.json};
		*ret = (struct arguments){0};
		optind = 0;
		take_options(&parser, command, argc, argv);
	}
	if (parser.version)
		return ARGUMENTS_VERSION;
	if (parser.help && (command || !name))
		return ARGUMENTS_HELP;
	if (!command)
		return wrong_without_command(&parser, commands, name);
	ret->command = command->name;
	ret->operands = argv + optind + 1;
	ret->n_operands = argc - optind - 1;
	check_operands(&parser, command);
	if (!*parser.wrong.s)
		return ARGUMENTS_RUN;
	tell_usage(command->name, parser.json, "%s", parser.wrong.s);
	return ARGUMENTS_WRONG;
}
