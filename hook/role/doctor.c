/* SPDX-License-Identifier: Apache-2.0 */

/* `doctor`: is this host ready, and which container would not start again? It changes nothing. */

#include "host/doctor.h"

#include "base/log.h"
#include "base/terminal.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "job/target.h"
#include "role/role.h"

#include <string.h>

static const char help[] =
	"Usage: oci-thin-grow doctor [--json] [--data-root DIR]...\n"
	"Is this host ready, and which container would not start again? Each finding\n"
	"says what it is, why it matters, and the command that fixes it. Problems come\n"
	"first; what is in order is only counted, unless --verbose is given. Nothing is\n"
	"changed.\n\n"
	"  --json             one object: all findings, each with severity, id, subject,\n"
	"                     what, why, command\n"
	"  --data-root DIR    also look for containers there (may be given repeatedly)\n\n"
	"Examples:\n"
	"  oci-thin-grow doctor\n"
	"  oci-thin-grow doctor --json | jq -r '.findings[].command | values'\n"
	"  oci-thin-grow doctor --json |\n"
	"      jq '.findings[] | select(.id == \"container-at-risk\") | .subject'\n\n"
	"Exit status: 0 nothing is broken (there may be warnings), 1 something is,\n"
	"2 usage.\n";

static void examine_disks(struct doctor *doctor)
{
	doctor_read_devices(doctor);
	doctor_pools(doctor);
	doctor_ledger(doctor);
	doctor_containers(doctor);
	doctor_short_devices(doctor);
}

static void examine_host(struct doctor *doctor, const struct target_args *args)
{
	struct why why;
	bool kernel;

	doctor_privileges(doctor);
	kernel = doctor_kernel(doctor);
	doctor_healing(doctor);
	doctor_files(doctor, "");
	doctor_config(doctor);
	if (target_list(args, &doctor->containers, &why) < 0)
		doctor->findings.incomplete = true;
	doctor_engines(doctor);
	doctor_runtime(doctor);
	if (kernel)
		examine_disks(doctor);
}

static int run_doctor(const struct arguments *args)
{
	struct doctor doctor = {
		.policy = args->policy,
		.run_dir = RUN_DIR,
		.ledger_dir = LEDGER_DIR,
	};
	/* In a pipe lines are not wrapped, for grep. */
	const struct findings_look look = {
		.colour = terminal_has_colours(stdout),
		.all = log_is_verbose(),
		.width = terminal_columns(stdout),
	};
	bool broken;
	int r;

	examine_host(&doctor, &args->target);
	broken = doctor.findings.count[SEVERITY_BROKEN] > 0 || doctor.findings.incomplete;
	r = args->json ? findings_print_json(&doctor.findings, stdout)
		       : findings_print(&doctor.findings, &look, stdout);
	if (doctor.findings.incomplete)
		log_stderr("doctor: out of memory: not everything was checked");
	if (r < 0)
		log_stderr("doctor: standard output: %s", strerror(-r));
	doctor_free(&doctor);
	return broken || r < 0 ? EXIT_FAILED : EXIT_OK;
}

const struct command command_doctor = {
	.name = "doctor",
	.arguments = "",
	.what = "is this host ready? what would not start?",
	.help = help,
	.options = {"json", "data-root"},
	.needs_root = true,
	.policy = POLICY_ANY,
	.run = run_doctor,
};
