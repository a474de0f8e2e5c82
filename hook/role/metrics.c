/* SPDX-License-Identifier: Apache-2.0 */

/* `metrics`: pools, containers and the ledger as Prometheus' text format. */

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "host/metrics-text.h"
#include "job/target.h"
#include "policy/policy.h"
#include "role/role.h"

#include <string.h>
#include <time.h>

#define OUTPUT_MODE 0644 /* node_exporter is not root */

static const char help[] =
	"Usage: oci-thin-grow metrics [--output FILE] [--data-root DIR]...\n"
	"Prints pools, containers on thin devices and the ledger in Prometheus' text\n"
	"format.\n\n"
	"  --output FILE      replace FILE, in one step; for node_exporter's textfile\n"
	"                     collector its name must end with .prom\n"
	"  --data-root DIR    also look for containers there (may be given repeatedly)\n\n"
	"Examples:\n"
	"  oci-thin-grow metrics | promtool check metrics\n"
	"  oci-thin-grow metrics --output /var/lib/node-exporter/oci-thin-grow.prom\n"
	"  systemctl enable --now oci-thin-grow-metrics.timer    # the same every minute\n\n"
	"Exit status: 0 done, 1 failed, 2 usage.\n";

static void write_complaint(const struct why *why)
{
	log_stderr("%s", why->text);
}

static void free_rows(struct metrics *metrics)
{
	for (size_t i = 0; i < metrics->n_rows; i++)
		inventory_free(&metrics->rows[i].inventory);
	free(metrics->rows);
}

static int look_at_containers(const struct engine_list *list, const struct policy *policy,
			      struct metrics *metrics)
{
	metrics->rows = calloc(list->n + 1, sizeof(*metrics->rows));
	if (!metrics->rows)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		struct metrics_row *row = &metrics->rows[metrics->n_rows];

		if (!inventory_look(&list->containers[i], policy, &row->inventory))
			continue;
		row->risk = survey_judge(metrics->survey, &row->inventory);
		row->in_vm = survey_is_in_vm(metrics->survey, &row->inventory);
		row->disk = survey_disk(metrics->survey, &row->inventory);
		metrics->n_rows++;
	}
	return 0;
}

static int format(const struct metrics *metrics, char **ret_text, size_t *ret_len)
{
	FILE *stream = open_memstream(ret_text, ret_len);
	int r;

	if (!stream)
		return -ENOMEM;
	r = metrics_write(metrics, stream);
	return fclose(stream) != 0 ? -ENOMEM : r;
}

static int put(const char *text, size_t len, const char *output, struct why *why)
{
	if (output)
		return file_replace(output, text, len, OUTPUT_MODE, why);
	if (fwrite(text, 1, len, stdout) != len || fflush(stdout) != 0)
		return why_set(why, errno ? errno : EIO, "standard output: %s", strerror(errno));
	return 0;
}

/* Nothing is written before the text is complete. */
static int write_metrics(struct metrics *metrics, const struct engine_list *list,
			 const struct target_args *args, const char *output, struct why *why)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;

	if (look_at_containers(list, args->policy, metrics) < 0 || format(metrics, &text, &len) < 0)
		return why_no_memory(why);
	return put(text, len, output, why);
}

static int collect(const struct target_args *args, const char *output, struct why *why)
{
	_cleanup_(engine_list_free) struct engine_list list = {0};
	_cleanup_(survey_free) struct survey survey = {0};
	struct metrics metrics = {.survey = &survey, .now = time(NULL)};
	int r = target_list(args, &list, why);

	if (r == 0)
		r = survey_host(args->policy, write_complaint, &survey, why);
	if (r == 0)
		r = write_metrics(&metrics, &list, args, output, why);
	free_rows(&metrics);
	return r;
}

static int run_metrics(const struct arguments *args)
{
	struct why why;

	if (collect(&args->target, args->output, &why) == 0)
		return EXIT_OK;
	log_stderr("metrics: %s", why.text);
	return EXIT_FAILED;
}

const struct command command_metrics = {
	.name = "metrics",
	.arguments = "",
	.what = "pools and containers, for Prometheus",
	.help = help,
	.options = {"output", "data-root"},
	.needs_root = true,
	.policy = POLICY_ANY, /* a broken one must not stop monitoring, and doctor reports it */
	.run = run_metrics,
};
