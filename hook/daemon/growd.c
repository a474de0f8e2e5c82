/* SPDX-License-Identifier: Apache-2.0 */

/* `oci-thin-growd`: the command line. The work is in daemon.c. */

#include "base/cleanup.h"
#include "base/exit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/quote.h"
#include "base/terminal.h"
#include "daemon/daemon.h"

#include <getopt.h>
#include <unistd.h>

static const char help[] =
	"Usage: oci-thin-growd [OPTIONS]\n"
	"Grows the disks of running containers before they are full: up to autogrow.max\n"
	"of the configuration or of a rule, or up to what their own annotation or label\n"
	"io.oci-thin-grow.max says. With nri in the configuration, also gives pods the\n"
	"sizes that their annotations request. Runs in the foreground until SIGTERM;\n"
	"SIGHUP and changed files make it read the configuration again.\n\n"
	"  --config FILE  read only FILE, nothing in " CONFIG_DIR "\n"
	"  --verbose      also print log lines to stderr\n"
	"  -h, --help\n"
	"  -V, --version\n\n"
	"Example:\n"
	"  systemctl enable --now oci-thin-growd\n";

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static int print(const char *out)
{
	return fputs(out, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
}

static int fail_usage(const char *word)
{
	if (word)
		log_stderr("unexpected argument %s; see oci-thin-growd --help", quote(word));
	else
		log_stderr("see oci-thin-growd --help");
	return EXIT_USAGE;
}

static int run(const char *config_file, const struct notify *notify)
{
	if (geteuid() != 0) {
		log_stderr("must be root: sudo systemctl start oci-thin-growd");
		return EXIT_FAILED;
	}
	return daemon_run(config_file, notify);
}

static int command_line(int argc, char *argv[], const struct notify *notify)
{
	const char *config_file = NULL;
	bool verbose = false;
	int option;

	while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			config_file = optarg;
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
			return print(help);
		case 'V':
			return print("oci-thin-growd " VERSION "\n");
		default:
			return fail_usage(NULL);
		}
	}
	if (argv[optind])
		return fail_usage(argv[optind]);
	log_init(verbose);
	return run(config_file, notify);
}

int main(int argc, char *argv[])
{
	_cleanup_(notify_free) struct notify notify;

	notify_init(&notify);
	if (terminal_clear_environment() < 0)
		return EXIT_FAILED;
	file_survive_size_limit();
	log_init(false);
	return command_line(argc, argv, &notify);
}
