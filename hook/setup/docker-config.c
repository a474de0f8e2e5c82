/* SPDX-License-Identifier: Apache-2.0 */

/* Docker: our runtime in daemon.json, as the default. */

#include "setup/docker-config.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"
#include "setup/docker-daemon.h"
#include "setup/engines.h"
#include "setup/ours.h"

#include <string.h>

#define CONFIG	  "/etc/docker/daemon.json"
#define DATA_ROOT "/var/lib/docker"
#define BOM	  "\xef\xbb\xbf"

char *docker_file_name(const struct setup_place *place)
{
	return place->file ? strdup(place->file) : place_name(place, CONFIG);
}

bool docker_is_blank(const char *text, size_t len)
{
	return strspn(text, " \t\r\n") == len;
}

bool docker_is_default(const struct docker_config *config)
{
	return config->default_runtime && strcmp(config->default_runtime, SETUP_RUNTIME_NAME) == 0;
}

/* Go's parser ignores case, but dockerd then rejects a key that is not spelled like its option. */
static int check_case(const struct json *root, struct why *why)
{
	static const char *const keys[] = {"runtimes", "default-runtime"};

	json_foreach (member, root) {
		for (size_t i = 0; i < COUNT(keys); i++) {
			if (member->key_len == strlen(keys[i]) &&
			    strcasecmp(member->key, keys[i]) == 0 &&
			    strcmp(member->key, keys[i]) != 0)
				return why_set(why, EINVAL,
					       "%s at byte %zu: dockerd does not start with that; "
					       "write it as %s",
					       quote_n(member->key, member->key_len),
					       member->key_end, quote(keys[i]));
		}
	}
	return 0;
}

/* A runtime without a path is a shim; runc's has its program in the options. */
static int read_shim(const struct json *runtime, const char **path, struct why *why)
{
	const struct json *options = NULL;
	const char *type = "";
	int r = json_string(runtime, "runtimeType", &type, why);

	if (r > 0 && strcmp(type, "io.containerd.runc.v2") == 0)
		r = json_member(runtime, "options", JSON_OBJECT, &options, why);
	if (r > 0 && options)
		r = json_string(options, "BinaryName", path, why);
	return r < 0 ? r : 0;
}

int docker_runtime_program(const struct json *runtime, const char **ret, struct why *why)
{
	int r = json_string(runtime, "path", ret, why);

	return r == 0 ? read_shim(runtime, ret, why) : r < 0 ? r : 0;
}

static int read_runtime(struct docker_config *config, struct why *why)
{
	const struct json *runtime = NULL;
	int r = json_member(config->runtimes, SETUP_RUNTIME_NAME, JSON_OBJECT, &runtime, why);

	if (r <= 0 || !runtime)
		return r;
	config->has_runtime = true;
	return docker_runtime_program(runtime, &config->runtime_path, why);
}

static int read_keys(struct docker_config *config, struct why *why)
{
	const struct json *root = json_root(config->doc);
	int r;

	if (root->type != JSON_OBJECT)
		return why_set(why, EINVAL, "expected an object");
	r = check_case(root, why);
	if (r == 0)
		r = json_member(root, "runtimes", JSON_OBJECT, &config->runtimes, why);
	if (r > 0)
		r = read_runtime(config, why);
	if (r == 0)
		r = json_string(root, "default-runtime", &config->default_runtime, why);
	if (r >= 0)
		r = json_string(root, "data-root", &config->data_root, why);
	return r < 0 ? r : 0;
}

int docker_parse(const char *text, size_t len, struct docker_config *ret, struct why *why)
{
	struct docker_config config = {.data_root = DATA_ROOT};
	int r;

	if (strncmp(text, BOM, strlen(BOM)) == 0)
		return why_set(why, EINVAL,
			       "begins with a byte order mark; save it as UTF-8 without one");
	r = docker_is_blank(text, len) ? json_parse("{}", 2, &config.doc, why)
				       : json_parse(text, len, &config.doc, why);
	if (r == 0)
		r = read_keys(&config, why);
	if (r < 0) {
		docker_config_free(&config);
		return r;
	}
	*ret = config;
	return 0;
}

void docker_config_free(struct docker_config *config)
{
	json_free(config->doc);
	config->doc = NULL;
}

/* A key is on dockerd's command line or in the file: it does not start with both. */
static void add_command_line(struct docker_config *config, const struct docker_daemon *daemon)
{
	if (daemon->runtime_path) {
		config->has_runtime = true;
		config->runtime_path = daemon->runtime_path;
	}
	if (daemon->default_runtime)
		config->default_runtime = daemon->default_runtime;
}

static void docker_judge(const struct setup_place *place, const struct docker_config *config,
			 struct setup_view *view)
{
	struct why fault;

	view->wraps = true;
	view->who = docker_is_default(config) ? NULL : "that name its runtime";
	view->state = SETUP_BROKEN;
	if (!config->has_runtime && docker_is_default(config)) {
		why_set(&view->missing, 0,
			"the default-runtime in %s is " SETUP_RUNTIME_NAME
			", which is not among its runtimes",
			view->file);
	} else if (!config->has_runtime) {
		why_set(&view->missing, 0,
			"the runtime " SETUP_RUNTIME_NAME
			" is not in %s; run \"oci-thin-grow enable docker\"",
			view->file);
		view->state = SETUP_OFF;
	} else if (!config->runtime_path) {
		why_set(&view->missing, 0, "the runtime " SETUP_RUNTIME_NAME " in %s has no path",
			view->file);
	} else if (!setup_is_runtime(place, config->runtime_path, &fault)) {
		why_set(&view->missing, 0,
			"the path of the runtime " SETUP_RUNTIME_NAME " in %s, %s, %s", view->file,
			quote(config->runtime_path), fault.text);
	} else {
		view->state = SETUP_ON;
	}
}

/* A running dockerd may have been started with another file. */
static char *file_in_effect(const struct setup_place *place, const struct docker_daemon *daemon,
			    bool *ret_elsewhere)
{
	*ret_elsewhere = false;
	if (place->file || !daemon->config_file || daemon->config_file[0] != '/' ||
	    strcmp(daemon->config_file, CONFIG) == 0)
		return docker_file_name(place);
	*ret_elsewhere = true;
	return place_name(place, daemon->config_file);
}

static int look_at_config(const struct setup_place *place, const struct docker_daemon *daemon,
			  struct setup_view *view, struct why *why)
{
	_cleanup_(docker_config_free) struct docker_config config = {0};
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	view->file = file_in_effect(place, daemon, &view->elsewhere);
	if (!view->file)
		return why_no_memory(why);
	r = place_read(place, view->file, &text, &len, why);
	if (r < 0)
		return r;
	r = docker_parse(text ? text : "", len, &config, why);
	if (r < 0)
		return why_prefix(why, r, view->file);
	add_command_line(&config, daemon);
	docker_judge(place, &config, view);
	return 0;
}

int docker_look(const struct setup_place *place, struct setup_view *view, struct why *why)
{
	_cleanup_(docker_daemon_free) struct docker_daemon daemon = {0};
	int r = docker_daemon_find(place, &daemon);

	return r < 0 ? why_no_memory(why) : look_at_config(place, &daemon, view, why);
}
