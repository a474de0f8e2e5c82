/* SPDX-License-Identifier: Apache-2.0 */
#include "role/command.h"

#include "base/log.h"
#include "base/quote.h"
#include "role/role.h"
#include "role/settings.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

/* What getopt_long() returns: above all characters. The places in the table follow. */
enum { OPTION_HELP = 256, OPTION_VERBOSE, OPTION_VERSION, OPTION_CONFIG, OPTION_FIRST };

#define COMMON_OPTIONS                                                                             \
	{"help", no_argument, NULL, OPTION_HELP}, {"verbose", no_argument, NULL, OPTION_VERBOSE},  \
		{"version", no_argument, NULL, OPTION_VERSION},                                    \
		{"config", required_argument, NULL, OPTION_CONFIG},
#define COMMON_OPTIONS_N (OPTION_FIRST - OPTION_HELP)

int command_misused(const struct command *command, const char *format, ...)
{
	struct why why;
	va_list ap;

	va_start(ap, format);
	vsnprintf(why.text, sizeof(why.text), format, ap);
	va_end(ap);
	log_stderr("%s: %s; see oci-thin-grow %s --help", command->name, why.text, command->name);
	return EXIT_USAGE;
}

int command_version(void)
{
	return printf("oci-thin-grow %s\n", VERSION) < 0 ? EXIT_FAILED : EXIT_OK;
}

static int print_help(const struct command *command)
{
	return fputs(command->help, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
}

/* getopt_long() says in optopt which letter it was, or which option; 0: a long one of no table. */
static int bad_option(const struct command *command, int c, const struct option *options,
		      char *argv[])
{
	const char letter[] = {'-', (char)optopt, '\0'};

	if (optopt >= OPTION_HELP)
		return command_misused(command, "--%s %s", options[optopt - OPTION_HELP].name,
				       c == ':' ? "needs a value" : "takes no value");
	return command_misused(command, "unknown option %s",
			       quote(optopt ? letter : argv[optind - 1]));
}

static int take_option(const struct command *command, const struct command_option *option)
{
	struct why why;

	if (option->flag)
		*option->flag = true;
	else if (option->value)
		*option->value = optarg;
	else if (option->take(option->context, optarg, &why) < 0)
		return command_misused(command, "%s", why.text);
	return EXIT_OK;
}

bool command_parse(const struct command *command, int argc, char *argv[], int *ret_status)
{
	struct option options[COMMON_OPTIONS_N + COMMAND_OPTIONS_MAX + 1] = {COMMON_OPTIONS};
	static const struct command_option none[] = {{.name = NULL}};
	const struct command_option *own = command->options ? command->options : none;
	int c, status = EXIT_OK;

	for (int i = 0; own[i].name && i < COMMAND_OPTIONS_MAX; i++)
		options[COMMON_OPTIONS_N + i] = (struct option){
			.name = own[i].name,
			.has_arg = own[i].flag ? no_argument : required_argument,
			.val = OPTION_FIRST + i,
		};
	while (status == EXIT_OK && (c = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
		if (c == OPTION_HELP || c == OPTION_VERSION) {
			*ret_status = c == OPTION_HELP ? print_help(command) : command_version();
			return false;
		}
		if (c == OPTION_VERBOSE)
			log_init(true);
		else if (c == OPTION_CONFIG)
			settings_init(optarg);
		else if (c >= OPTION_FIRST)
			status = take_option(command, &own[c - OPTION_FIRST]);
		else
			status = bad_option(command, c, options, argv);
	}
	if (status != EXIT_OK)
		*ret_status = status;
	return status == EXIT_OK;
}
