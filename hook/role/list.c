/* SPDX-License-Identifier: Apache-2.0 */

/* `list`: containers on thin devices. */

#include "base/cleanup.h"
#include "base/log.h"
#include "disk/growfs.h"
#include "disk/thin.h"
#include "oci/json.h"
#include "policy/policy.h"
#include "policy/size.h"
#include "role/role.h"
#include "role/table.h"
#include "role/target.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define SHORT_ID_BYTES 13
#define WATCH_SECONDS  2

static const char help[] =
	"Usage: oci-thin-grow list [--json] [--watch] [--data-root DIR]...\n"
	"Shows the containers whose disk is a thin device: how large it is, how full, what was "
	"asked\n"
	"for, and what the engine will make it the next time (ENGINE'S; heal mends that).\n\n"
	"  --json             all in bytes, one object\n"
	"  --watch            again every two seconds\n"
	"  --data-root DIR    look for containers there, too (may be given more than once)\n\n"
	"Examples:\n"
	"  oci-thin-grow list\n"
	"  oci-thin-grow list --json | jq '.containers[] | select(.used_percent > 90) | .name'\n";

/* What is shown of one container; numbers are bytes, 0 where they are not known. */
struct row {
	const struct engine_container *container;
	char *device;
	uint64_t device_bytes, fs_bytes, used, available, requested;
	char *fs;
};

static unsigned int used_percent(const struct row *row)
{
	uint64_t all = row->used + row->available;

	return all ? (unsigned int)((row->used * 100 + all - 1) / all) : 0;
}

static void free_row(struct row *row)
{
	free(row->device);
	free(row->fs);
}

static uint64_t ask_request(const struct engine_container *container, const struct oci_spec *spec)
{
	const struct json *sets[] = {spec->annotations};
	struct request request = {0};
	struct why unused;

	if (policy_request(&policy_builtin, "annotation", sets, 1, &request, &unused) == 0 &&
	    !request.asked && container->labels)
		policy_request(&policy_builtin, "label", &container->labels, 1, &request, &unused);
	return request.asked ? request.bytes : 0;
}

static void look_at_filesystem(const struct rootfs *rootfs, struct row *row)
{
	struct growfs fs;
	struct why unused;

	row->fs = strdup(rootfs->fs_name);
	if (growfs_read(rootfs, &fs, &unused) == 0)
		row->fs_bytes = fs.bytes;
	if (rootfs_usage(rootfs, &row->used, &row->available) < 0)
		row->used = row->available = 0;
}

/* 1 and *ret; 0: it is not on a thin device. */
static int look(const struct engine_container *container, struct row *ret)
{
	_cleanup_(oci_spec_free) struct oci_spec spec = {0};
	_cleanup_(thin_device_free) struct thin_device device = {0};
	_cleanup_(rootfs_close) struct rootfs rootfs = {.fd = -EBADF};
	struct row row = {.container = container};
	struct why unused;
	bool is_open;

	target_read_spec(container, &spec);
	is_open = target_open_rootfs(container, &spec, &rootfs, &unused) == 0;
	if (is_open ? thin_lookup(rootfs.dev, &device, &unused) < 0
		    : !container->device ||
			      thin_lookup_name(container->device, &device, &unused) < 0)
		device = (struct thin_device){0};
	if (device.name ? thin_check_plain(&device, &unused) < 0 : !container->device)
		return 0;
	row.device = strdup(device.name ? device.name : container->device);
	row.device_bytes = device.sectors * SECTOR_BYTES;
	row.requested = ask_request(container, &spec);
	if (is_open && device.name)
		look_at_filesystem(&rootfs, &row);
	*ret = row;
	return 1;
}

static int add_text(struct table *table, const struct row *row)
{
	const struct engine_container *container = row->container;
	char id[SHORT_ID_BYTES], percent[8] = "-";
	const char *const texts[] = {
		container->engine,
		container->name,
		id,
		row->device,
		size_short(row->device_bytes),
		size_short(row->fs_bytes),
		percent,
		size_short(row->requested),
		size_short(container->remembered),
		container->pid ? "running" : "stopped",
	};

	snprintf(id, sizeof(id), "%s", container->id);
	if (row->used + row->available)
		snprintf(percent, sizeof(percent), "%u%%", used_percent(row));
	return table_add(table, texts);
}

static void add_json(struct json_writer *w, const struct row *row)
{
	const struct engine_container *container = row->container;

	json_write_object(w, NULL);
	json_write_string(w, "engine", container->engine);
	json_write_string(w, "namespace", container->namespace);
	json_write_string(w, "name", container->name);
	json_write_string(w, "id", container->id);
	json_write_string(w, "image", container->image);
	json_write_bool(w, "running", container->pid != 0);
	json_write_u64(w, "pid", (uint64_t)container->pid);
	json_write_string(w, "device", row->device);
	json_write_u64(w, "device_bytes", row->device_bytes);
	json_write_string(w, "filesystem", row->fs);
	json_write_u64(w, "filesystem_bytes", row->fs_bytes);
	json_write_u64(w, "used_bytes", row->used);
	json_write_u64(w, "available_bytes", row->available);
	json_write_u64(w, "used_percent", used_percent(row));
	json_write_u64(w, "requested_bytes", row->requested);
	json_write_u64(w, "engine_bytes", container->remembered);
	json_write_close(w);
}

/* All of them: to the table, or as JSON to the writer. */
static int collect(const struct engine_list *list, struct table *table, struct json_writer *w)
{
	for (size_t i = 0; i < list->n; i++) {
		struct row row;
		int r = 0;

		if (!look(&list->containers[i], &row))
			continue;
		if (w)
			add_json(w, &row);
		else
			r = add_text(table, &row);
		free_row(&row);
		if (r < 0)
			return r;
	}
	return 0;
}

static int show_text(const struct engine_list *list, bool watch)
{
	/* In all, with the blanks between: 100 columns */
	static const struct table_column columns[] = {
		{"ENGINE", 10, false}, {"NAME", 19, false}, {"ID", 12, false},
		{"DEVICE", 16, false}, {"SIZE", 5, true},   {"FS", 5, true},
		{"USED", 4, true},     {"ASKED", 5, true},  {"ENGINE'S", 8, true},
		{"STATE", 7, false},
	};
	struct table table = {.columns = columns,
			      .n_columns = sizeof(columns) / sizeof(columns[0])};
	bool terminal = isatty(STDOUT_FILENO) == 1;
	int r = collect(list, &table, NULL);

	if (r == 0 && watch && terminal)
		fputs("\x1b[H\x1b[J", stdout);
	if (r == 0)
		r = table_print(&table, terminal, stdout);
	table_free(&table);
	return r;
}

static int show_json(const struct engine_list *list)
{
	struct json_writer *w = json_writer_begin();

	json_write_array(w, "containers");
	collect(list, NULL, w);
	json_write_array_close(w);
	return json_writer_end(w, stdout);
}

static int show(const struct target_args *args, bool json, bool watch)
{
	struct engine_list list;
	struct why why;
	int r = target_list(args, &list, &why);

	if (r < 0) {
		log_stderr("list: %s", why.text);
		return EXIT_FAILED;
	}
	thin_init();
	r = json ? show_json(&list) : show_text(&list, watch);
	engine_list_free(&list);
	if (r < 0)
		log_stderr("list: standard output: %s", strerror(-r));
	return r < 0 ? EXIT_FAILED : EXIT_OK;
}

int role_list(int argc, char *argv[])
{
	static const struct option options[] = {
		TARGET_DATA_ROOT_OPTION,
		{"json", no_argument, NULL, 'j'},
		{"watch", no_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct target_args args = {0};
	bool json = false, watch = false, bad = false;
	struct why why = {""};
	int c, status;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		json |= c == 'j';
		watch |= c == 'w';
		bad |= c == '?' || target_option(&args, c, optarg, &why) < 0;
		if (c == 'h')
			return fputs(help, stdout) < 0 ? EXIT_FAILED : EXIT_OK;
	}
	if (bad || optind < argc) {
		log_stderr("list: %s", why.text[0] ? why.text : "see oci-thin-grow list --help");
		return EXIT_USAGE;
	}
	do {
		status = show(&args, json, watch);
	} while (watch && status == EXIT_OK &&
		 nanosleep(&(struct timespec){.tv_sec = WATCH_SECONDS}, NULL) == 0);
	return status;
}
