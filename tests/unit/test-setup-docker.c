/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon-json.h"
#include "oci/json.h"
#include "setup-fixture.h"

#include <sys/xattr.h>

#define FILE_NAME "/etc/docker/daemon.json"
#define BACKUP	  CHANGE_BACKUPS FILE_NAME
#define OURS	  "{ \"path\": \"" RUNTIME_PATH "\" }"
#define FRESH                                                                                      \
	"{\n  \"runtimes\": { \"oci-thin-grow\": " OURS " },\n"                                    \
	"  \"default-runtime\": \"oci-thin-grow\"\n}\n"

static struct json_doc *parse(const char *text)
{
	struct json_doc *doc = NULL;

	assert_int_equal(json_parse(text, strlen(text), &doc, &why), 0);
	return doc;
}

static bool is_named(const struct json *value, const char *name)
{
	return value->key && strcmp(value->key, name) == 0;
}

/* @a without our members has the members of @b, in the same order. */
static void assert_same_but_ours(const struct json *a, const struct json *b)
{
	const struct json *x = a->first, *y = b->first;

	for (;; x = x->next, y = y->next) {
		while (x && (is_named(x, "oci-thin-grow") || is_named(x, "default-runtime") ||
			     (is_named(x, "runtimes") && (!y || !is_named(y, "runtimes")))))
			x = x->next;
		while (y && is_named(y, "default-runtime"))
			y = y->next;
		if (!x || !y)
			break;
		assert_int_equal(x->type, y->type);
		assert_int_equal(x->key_len, y->key_len);
		if (x->key)
			assert_memory_equal(x->key, y->key, x->key_len);
		assert_int_equal(x->len, y->len);
		assert_memory_equal(x->text, y->text, x->len);
		assert_same_but_ours(x, y);
	}
	assert_ptr_equal(x, y);
}

static void only_our_keys_differ(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(daemon_jsons); i++) {
		struct json_doc *before = parse(daemon_jsons[i]), *after;
		char *text;

		put(FILE_NAME, daemon_jsons[i]);
		assert_int_equal(enable("docker"), 0);
		assert_int_equal(look("docker"), SETUP_ON);
		text = get(FILE_NAME);
		after = parse(text);
		assert_same_but_ours(json_root(after), json_root(before));
		assert_file(BACKUP, daemon_jsons[i]);
		json_free(before);
		json_free(after);
		free(text);
		assert_int_equal(disable("docker"), 0);
	}
}

static void gives_the_file_back_byte_for_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(daemon_jsons); i++) {
		for (int by_default = 0; by_default < 2; by_default++) {
			put(FILE_NAME, daemon_jsons[i]);
			assert_int_equal(
				run("docker", (struct setup_options){.by_default = by_default}), 0);
			assert_int_equal(disable("docker"), 0);
			assert_file(FILE_NAME, daemon_jsons[i]);
			assert_file(BACKUP, NULL);
		}
	}
}

/* Also without the backup, if there was text that shows how the file is written. */
static void restores_it_without_a_backup(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(daemon_jsons); i++) {
		char *backup;

		if (strspn(daemon_jsons[i], "{} \r\n") == strlen(daemon_jsons[i]) ||
		    strstr(daemon_jsons[i], "\"default-runtime\"") ||
		    strstr(daemon_jsons[i], "\"runtimes\":{}") ||
		    strstr(daemon_jsons[i], "\"runtimes\": {}"))
			continue;
		put(FILE_NAME, daemon_jsons[i]);
		assert_int_equal(enable("docker"), 0);
		backup = whole_path(BACKUP);
		assert_int_equal(unlink(backup), 0);
		free(backup);
		assert_int_equal(disable("docker"), 0);
		assert_file(FILE_NAME, daemon_jsons[i]);
	}
}

static void a_backup_of_a_file_that_is_gone_is_not_used(void **state)
{
	(void)state;
	put(BACKUP, "{ \"mtu\": 1450 }\n");
	assert_int_equal(enable("docker"), 0);
	assert_file(BACKUP, NULL);
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, NULL);
}

/* What an earlier version has enabled */
static void a_backup_beside_the_file_is_used_and_removed(void **state)
{
	static const char theirs[] = "{ \"default-runtime\":\t\"runc\", \"runtimes\":{} }";

	(void)state;
	put(FILE_NAME, theirs);
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(unlink(text("%s" BACKUP, root)), 0);
	put(FILE_NAME CHANGE_BESIDE, theirs);
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, theirs);
	assert_file(FILE_NAME CHANGE_BESIDE, NULL);
}

static void creates_and_removes_the_file(void **state)
{
	(void)state;
	assert_int_equal(enable("docker"), 0);
	assert_file(FILE_NAME, FRESH);
	assert_file(BACKUP, NULL);
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, NULL);
	/* an empty object is restored */
	put(FILE_NAME, " \n");
	assert_int_equal(enable("docker"), 0);
	assert_file(FILE_NAME, FRESH);
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, " \n");
}

static void keeps_what_others_change_meanwhile(void **state)
{
	(void)state;
	put(FILE_NAME, "{ \"mtu\": 1450 }\n");
	assert_int_equal(enable("docker"), 0);
	put(FILE_NAME,
	    "{ \"debug\": true, \"runtimes\": { \"oci-thin-grow\": " OURS ", \"x\": {} },\n"
	    "  \"default-runtime\": \"oci-thin-grow\", \"mtu\": 9000 }\n");
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, "{ \"debug\": true, \"runtimes\": { \"x\": {} }, \"mtu\": 9000 }\n");
	assert_file(BACKUP, NULL);
	/* an empty object of theirs stays, too */
	put(FILE_NAME, "{\"runtimes\":{}}");
	assert_int_equal(enable("docker"), 0);
	put(FILE_NAME, "{\"runtimes\":{\"oci-thin-grow\":" OURS "},\"debug\":true}");
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, "{\"runtimes\":{},\"debug\":true}");
}

static void gives_a_replaced_default_back(void **state)
{
	(void)state;
	put(FILE_NAME, "{\"default-runtime\":\"runc\"}");
	assert_int_equal(enable("docker"), 0);
	assert_file(FILE_NAME, "{\"default-runtime\":\"oci-thin-grow\",\"runtimes\": "
			       "{ \"oci-thin-grow\": " OURS " }}");
	put(FILE_NAME,
	    "{\"default-runtime\":\"oci-thin-grow\",\"runtimes\":{\"oci-thin-grow\":" OURS
	    "},\"debug\":true}");
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, "{\"default-runtime\":\"runc\",\"debug\":true}");
}

static void does_not_take_the_place_of_anothers_default(void **state)
{
	static const char nvidia[] = "{ \"runtimes\": { \"nvidia\": { \"path\": \"n\" } },\n"
				     "  \"default-runtime\": \"nvidia\" }\n";

	(void)state;
	put(FILE_NAME, nvidia);
	assert_int_equal(enable("docker"), -EEXIST);
	assert_contains(why.text, FILE_NAME ": its default runtime is \"nvidia\"");
	assert_contains(why.text, "--force");
	assert_file(FILE_NAME, nvidia);
	assert_file(BACKUP, NULL);
	assert_int_equal(run("docker", (struct setup_options){.by_default = false}), 0);
	assert_int_equal(look("docker"), SETUP_ON);
	assert_int_equal(run("docker", (struct setup_options){.by_default = true, .force = true}),
			 0);
	assert_file(BACKUP, nvidia);
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, nvidia);
}

static void keeps_the_runtime_on_request(void **state)
{
	(void)state;
	put(FILE_NAME, "{ \"mtu\": 1450 }\n");
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(
		run("docker", (struct setup_options){.disable = true, .keep_runtime = true}), 0);
	assert_file(FILE_NAME,
		    "{ \"mtu\": 1450, \"runtimes\": { \"oci-thin-grow\": " OURS " } }\n");
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, "{ \"mtu\": 1450 }\n");
}

/* As `nvidia-ctk runtime configure --set-as-default` does */
static void never_loses_a_default_that_was_set_after_enable(void **state)
{
	const struct setup_options forced = {.by_default = true, .force = true};
	char *kept;

	(void)state;
	put(FILE_NAME, "{ \"mtu\": 1450 }\n");
	assert_int_equal(enable("docker"), 0);
	put(FILE_NAME, "{ \"runtimes\": { \"nvidia\": { \"path\": \"/usr/bin/runc\" }, "
		       "\"oci-thin-grow\": " OURS " },\n  \"default-runtime\": \"nvidia\" }\n");
	assert_int_equal(run("docker", forced), -EEXIST);
	assert_contains(why.text, "run \"oci-thin-grow disable docker\" first");
	assert_int_equal(disable("docker"), 0);
	kept = strdup(get(FILE_NAME));
	assert_contains(kept, "\"default-runtime\": \"nvidia\"");
	assert_int_equal(run("docker", forced), 0);
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, kept);
	free(kept);
}

static void names_containers_that_need_the_runtime(void **state)
{
	(void)state;
	put(FILE_NAME, "{ \"data-root\": \"/srv/docker\" }");
	put("/srv/docker/containers/0123456789abcdef/hostconfig.json",
	    "{\"Runtime\":\"oci-thin-grow\"}");
	put("/srv/docker/containers/fedcba9876543210/hostconfig.json", "{\"Runtime\":\"runc\"}");
	put("/srv/docker/containers/ffff/hostconfig.json", "{");
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(disable("docker"), 0);
	assert_int_equal(plan.n_notes, 1);
	assert_contains(plan.notes[0].s, "1 container created with this runtime (0123456789ab) ");

	/* With userns-remap, and without it before that */
	put("/srv/docker/100000.65536/containers/1111/hostconfig.json",
	    "{\"Runtime\":\"oci-thin-grow\"}");
	put("/srv/docker/overlay2.old/containers/2222/hostconfig.json",
	    "{\"Runtime\":\"oci-thin-grow\"}");
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(disable("docker"), 0);
	assert_contains(plan.notes[0].s,
			"2 containers created with this runtime (0123456789ab, ...) ");
}

/* A dockerd with these arguments, which are separated by blanks. */
static void put_daemon(const char *arguments)
{
	size_t len = strlen(arguments) + 1;
	char *bytes = strdup(arguments);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = bytes[i] == ' ' ? '\0' : bytes[i];
	for (const char *pid = "12345"; *pid; pid++) {
		char comm[] = "/proc/?/comm", line[] = "/proc/?/cmdline";

		*strchr(comm, '?') = *strchr(line, '?') = *pid;
		put(comm, "dockerd-not\n");
		put_bytes(line, "x\0--add-runtime", 16);
	}
	put("/proc/42/comm", "dockerd\n");
	put_bytes("/proc/42/cmdline", bytes, len);
	put("/proc/42/status", "Name:\tdockerd\nUid:\t0\t0\t0\t0\n");
	put_link("/proc/42/root", "../..");
	free(bytes);
}

/* A tenant's or user's process that looks like dockerd. */
static void believes_only_the_hosts_dockerd(void **state)
{
	(void)state;
	put(FILE_NAME, "{}");
	put_daemon("dockerd --add-runtime=x=/y");
	put("/proc/42/status", "Name:\tdockerd\nUid:\t0\t1000\t0\t0\n");
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(disable("docker"), 0);
	put_daemon("dockerd --add-runtime=x=/y");
	put_link("/proc/42/root", "../../etc");
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(disable("docker"), 0);
	put_daemon("dockerd --add-runtime=x=/y");
	assert_int_equal(enable("docker"), -EEXIST);
}

static void respects_the_command_line_of_dockerd(void **state)
{
	(void)state;
	put(FILE_NAME, "{ \"mtu\": 1450 }\n");
	put_daemon("/usr/sbin/dockerd -H fd:// --default-runtime crun");
	assert_int_equal(enable("docker"), -EEXIST);
	assert_contains(why.text, FILE_NAME ": dockerd is started with --default-runtime "
					    "(process 42) and does not start");
	/* which has the option in one place only */
	assert_int_equal(run("docker", (struct setup_options){0}), 0);
	assert_int_equal(disable("docker"), 0);
	put_daemon("/usr/sbin/dockerd --add-runtime=x=/y");
	assert_int_equal(enable("docker"), -EEXIST);
	put("/etc/other.json", "{}");
	put_daemon("dockerd --config-file /etc/other.json");
	assert_int_equal(enable("docker"), -EEXIST);
	assert_contains(why.text, "use --file /");
	assert_file(FILE_NAME, "{ \"mtu\": 1450 }\n");
	put_daemon("/usr/sbin/dockerd --data-root /srv/docker --config-file");
	assert_int_equal(enable("docker"), 0);
	put("/srv/docker/containers/0123/hostconfig.json", "{\"Runtime\":\"oci-thin-grow\"}");
	assert_int_equal(disable("docker"), 0);
	assert_contains(plan.notes[0].s, "(0123) ");
}

#define UNIT	  "/usr/lib/systemd/system/docker.service"
#define DROP_IN	  "/etc/systemd/system/docker.service.d/10-x.conf"
#define SYSCONFIG "/etc/sysconfig/docker"

static void heeds_how_the_unit_starts_dockerd(void **state)
{
	(void)state;
	put(FILE_NAME, "{}");
	put(UNIT, "[Service]\nEnvironmentFile=-" SYSCONFIG "\n"
		  "ExecStart=/usr/bin/dockerd-current \\\n"
		  "          --add-runtime docker-runc=/usr/libexec/docker/docker-runc-current \\\n"
		  "          --default-runtime=docker-runc \\\n          $OPTIONS\n");
	assert_int_equal(enable("docker"), -EEXIST);
	assert_contains(why.text, "--default-runtime (" UNIT ")");
	put(DROP_IN, "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd-current $OPTIONS\n");
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(disable("docker"), 0);
	put(SYSCONFIG, "# OPTIONS=--default-runtime=x\n"
		       "OPTIONS='--selinux-enabled  --default-runtime  oci'\n");
	assert_int_equal(enable("docker"), -EEXIST);
	assert_contains(why.text, "--default-runtime (" SYSCONFIG ")");
	put(SYSCONFIG, "OPTIONS=--add-runtime=oci=/usr/bin/oci\n");
	assert_int_equal(enable("docker"), -EEXIST);
	assert_contains(why.text, "--add-runtime (" SYSCONFIG ")");
	/* which applies only where it is used */
	put(DROP_IN, "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd-current\n");
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(disable("docker"), 0);
	put(SYSCONFIG, "");
	put(DROP_IN, "[Service]\nEnvironment=\"X=--add-runtime=a=/b\"\nExecStart=\n"
		     "ExecStart=/usr/bin/dockerd-current $X\n");
	assert_int_equal(enable("docker"), -EEXIST);
	assert_contains(why.text, "--add-runtime (" DROP_IN ")");
	put(DROP_IN, "[Service]\nExecStart=\nExecStart=dockerd --config-file=/etc/other.json\n");
	put("/etc/other.json", "{}");
	assert_int_equal(enable("docker"), -EEXIST);
	assert_contains(why.text, "docker.service reads another file: use --file");
	assert_file(FILE_NAME, "{}");
}

#define REAL_FILE CONFIG_DIR "/config.d/60-docker.json"

static int enable_over(const char *now, const char *runtime)
{
	return run("docker", (struct setup_options){.by_default = true,
						    .force = true,
						    .runtime_now = now,
						    .runtime = runtime});
}

static void becomes_the_default_that_it_replaces(void **state)
{
	static const char nvidia[] =
		"{\"default-runtime\": \"nvidia\", \"runtimes\": {\"nvidia\": {\"path\": "
		"\"nvidia-container-runtime\", \"runtimeArgs\": []}}}";

	(void)state;
	put_program("/usr/bin/runc");
	put(FILE_NAME, nvidia);
	assert_int_equal(enable_over("/usr/bin/runc", NULL), -EEXIST);
	assert_contains(why.text,
			"the default runtime \"nvidia\" runs \"nvidia-container-runtime\", "
			"which is not on this host: use --runtime PATH");
	assert_file(FILE_NAME, nvidia);
	put_program("/usr/bin/nvidia-container-runtime");
	assert_int_equal(enable_over("/usr/bin/runc", NULL), 0);
	assert_file(REAL_FILE,
		    "// made by \"oci-thin-grow enable docker\": what the default runtime "
		    "\"nvidia\" ran\n"
		    "{ \"runtime\": \"/usr/bin/nvidia-container-runtime\" }\n");
	/* before another program calls ours */
	assert_contains(plan.files[0].path, REAL_FILE);
	assert_int_equal(enable_over("/usr/bin/nvidia-container-runtime", NULL), 0);
	assert_false(setup_plan_changes(&plan));
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, nvidia);
	assert_contains(plan.notes[0].s, REAL_FILE);
	/* another program has changed the default */
	put_program("/usr/bin/crun");
	assert_int_equal(enable_over("/usr/bin/crun", NULL), -EEXIST);
	assert_contains(why.text, "our runtime becomes \"/usr/bin/crun\"");
	assert_int_equal(enable_over("/usr/bin/crun", "/usr/bin/runc"), 0);
	assert_contains(plan.notes[0].s, "our runtime becomes /usr/bin/runc");
}

static void what_people_have_comes_back_byte_for_byte(void **state)
{
	(void)state;
	put_program("/usr/bin/runc");
	put_program("/usr/bin/nvidia-container-runtime");
	put_data(FILE_NAME, "docker/exec-opts.json");
	assert_int_equal(enable_over("/usr/bin/runc", NULL), 0);
	assert_int_equal(look("docker"), SETUP_ON);
	assert_int_equal(disable("docker"), 0);
	assert_data(FILE_NAME, "docker/exec-opts.json");
	assert_file(REAL_FILE, NULL);
	put_data(FILE_NAME, "docker/nvidia.json");
	assert_int_equal(enable_over("/usr/bin/runc", NULL), 0);
	assert_int_equal(look("docker"), SETUP_ON);
	assert_int_equal(disable("docker"), 0);
	assert_data(FILE_NAME, "docker/nvidia.json");
	assert_file(BACKUP, NULL);
}

static void does_not_become_what_it_cannot(void **state)
{
	(void)state;
	put_program("/usr/bin/runc");
	put_program("/a");
	put(FILE_NAME, "{\"default-runtime\": \"a\", \"runtimes\": {\"a\": {\"path\": \"/a\", "
		       "\"runtimeArgs\": [\"--x\"]}}}");
	assert_int_equal(enable_over("/usr/bin/runc", NULL), -EEXIST);
	assert_contains(why.text, "the default runtime \"a\" has runtimeArgs");
	put(FILE_NAME, "{\"default-runtime\": \"a\", \"runtimes\": {\"a\": {\"runtimeType\": "
		       "\"io.containerd.kata.v2\"}}}");
	assert_int_equal(enable_over("/usr/bin/runc", NULL), -EEXIST);
	assert_contains(why.text, "the default runtime \"a\" has no program");
	assert_int_equal(enable_over("/usr/bin/runc", "/nowhere"), -EEXIST);
	assert_contains(why.text, "--runtime \"/nowhere\": no such program");
}

static void the_host_keeps_a_runtime(void **state)
{
	(void)state;
	put(FILE_NAME, "{}");
	assert_int_equal(enable_over("/usr/bin/runc", NULL), -EEXIST);
	assert_contains(why.text,
			"Docker runs \"runc\", which is not on this host: use --runtime PATH");
	assert_file(FILE_NAME, "{}");
	put_program("/usr/local/sbin/runc");
	assert_int_equal(enable_over("/usr/bin/runc", NULL), 0);
	assert_file(REAL_FILE, "// made by \"oci-thin-grow enable docker\": what Docker ran\n"
			       "{ \"runtime\": \"/usr/local/sbin/runc\" }\n");
}

static void refuses_what_dockerd_would_refuse(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"\xef\xbb\xbf{}", "byte order mark"},
		{"{ /* no */ }", "comment"},
		{"{ \"a\": 1, }", "at byte"},
		{"[]", "expected an object"},
		{"{ \"Runtimes\": {} }", "\"Runtimes\" at byte 12: dockerd does not start"},
		{"{ \"Default-Runtime\": \"runc\" }", "write it as \"default-runtime\""},
		{"{ \"runtimes\": {}, \"runtimes\": {} }", "duplicate key \"runtimes\""},
		{"{ \"runtimes\": [] }", "expected an object, found an array"},
		{"{ \"default-runtime\": 1 }", "expected a string"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		put(FILE_NAME, cases[i].text);
		assert_true(enable("docker") < 0);
		assert_contains(why.text, FILE_NAME ": ");
		assert_contains(why.text, cases[i].reason);
		assert_file(FILE_NAME, cases[i].text);
		assert_file(BACKUP, NULL);
	}
}

static void says_what_is_missing(void **state)
{
	(void)state;
	put_program("/usr/sbin/dockerd");
	assert_int_equal(look("docker"), SETUP_OFF);
	assert_contains(why.text, "enable docker");
	put(FILE_NAME, "{\"default-runtime\": \"oci-thin-grow\"}");
	assert_int_equal(look("docker"), SETUP_BROKEN);
	assert_contains(why.text, "not among its runtimes");
	put(FILE_NAME, "{\"runtimes\": {\"oci-thin-grow\": {\"path\": \"/nowhere\"}}}");
	assert_int_equal(look("docker"), SETUP_BROKEN);
	assert_contains(why.text, "\"/nowhere\", does not exist");
	put(FILE_NAME, "{\"runtimes\": {\"oci-thin-grow\": " OURS "}}");
	assert_int_equal(look("docker"), SETUP_ON);
	/* enable does not touch what it cannot repair */
	put(FILE_NAME, "{\"default-runtime\": \"oci-thin-grow\"}");
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(look("docker"), SETUP_ON);
}

static void remove_at(const char *path)
{
	char *whole = whole_path(path);

	assert_int_equal(remove(whole), 0);
	free(whole);
}

#define NAMED(members) "{\"runtimes\": {\"oci-thin-grow\": {" members "}}}"

static void only_our_program_is_our_runtime(void **state)
{
	static const struct {
		const char *text, *reason; /* NULL: good */
	} cases[] = {
		{NAMED(""), "has no path"},
		{NAMED("\"path\": \"/x\""), "\"/x\", does not exist"},
		{NAMED("\"path\": \"/etc\""), "\"/etc\", does not exist"},
		{NAMED("\"path\": \"/usr/bin/crun\""), "is another program, not " SBIN_DIR "/"},
		{NAMED("\"path\": \"" SBIN_DIR "/otg\""), "does not end in oci-thin-grow-runtime"},
		{NAMED("\"runtimeType\": \"io.containerd.runc.v2\""), "has no path"},
		{NAMED("\"runtimeType\": \"io.containerd.kata.v2\", \"options\": "
		       "{\"BinaryName\": \"" RUNTIME_PATH "\"}"),
		 "has no path"},
		{NAMED("\"path\": \"oci-thin-grow-runtime\""), NULL},
		{NAMED("\"path\": \"/opt/oci-thin-grow-runtime\""), NULL},
		{NAMED("\"runtimeType\": \"io.containerd.runc.v2\", \"options\": "
		       "{\"BinaryName\": \"" RUNTIME_PATH "\"}"),
		 NULL},
	};

	(void)state;
	put_program("/usr/bin/crun");
	put_link(SBIN_DIR "/otg", "oci-thin-grow-runtime");
	put_link("/opt/oci-thin-grow-runtime", RUNTIME_PATH);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		put(FILE_NAME, cases[i].text);
		assert_int_equal(look("docker"), cases[i].reason ? SETUP_BROKEN : SETUP_ON);
		if (cases[i].reason)
			assert_contains(why.text, cases[i].reason);
		/* enable repairs it, or leaves it alone */
		assert_int_equal(run("docker", (struct setup_options){.by_default = false}), 0);
		assert_int_equal(setup_plan_changes(&plan), cases[i].reason != NULL);
		assert_int_equal(look("docker"), SETUP_ON);
		assert_file(BACKUP, NULL);
	}
}

static void checks_the_file_that_the_running_dockerd_reads(void **state)
{
	struct setup_view view;

	(void)state;
	put_program("/usr/sbin/dockerd");
	put(FILE_NAME, "{\"runtimes\": {\"oci-thin-grow\": " OURS "}}");
	put("/etc/other.json", "{}");
	put_daemon("dockerd --config-file /etc/other.json");
	assert_int_equal(setup_look(&place, "docker", &view, &why), 0);
	assert_int_equal(view.state, SETUP_OFF);
	assert_true(view.elsewhere);
	assert_contains(view.file, "/etc/other.json");
	setup_view_free(&view);
	put_daemon("dockerd --add-runtime oci-thin-grow=" RUNTIME_PATH);
	put(FILE_NAME, "{}");
	assert_int_equal(look("docker"), SETUP_ON);
	put_daemon("dockerd --add-runtime oci-thin-grow=/usr/bin/runc");
	assert_int_equal(look("docker"), SETUP_BROKEN);
	put_daemon("dockerd --default-runtime oci-thin-grow");
	assert_int_equal(look("docker"), SETUP_BROKEN);
	assert_contains(why.text, "not among its runtimes");
}

/* A link on a host leads to a file of that host, also if it is absolute. */
static void never_leaves_its_root(void **state)
{
	char *outside = new_directory(), *file = path_in(outside, "daemon.json"), *kept = NULL;

	(void)state;
	write_file(file, "{}");
	put_link(FILE_NAME, file);
	assert_int_equal(enable("docker"), -ENOENT); /* below the root there is no such file */
	put("/srv/docker/daemon.json", "{\"a\":1}");
	put_link(FILE_NAME, "/srv/docker/daemon.json");
	assert_int_equal(enable("docker"), 0);
	assert_file(CHANGE_BACKUPS "/srv/docker/daemon.json", "{\"a\":1}");
	assert_int_equal(look("docker"), SETUP_ON);
	assert_int_equal(disable("docker"), 0);
	assert_file("/srv/docker/daemon.json", "{\"a\":1}");
	/* an empty directory */
	remove_at(FILE_NAME);
	remove_at("/etc/docker");
	put("/srv/etc/x", "");
	put_link("/etc/docker", "/srv/etc");
	assert_int_equal(enable("docker"), 0);
	assert_file("/srv/etc/daemon.json", FRESH);
	kept = path_in(outside, "daemon.json" CHANGE_BESIDE);
	assert_int_equal(access(kept, F_OK), -1);
	free(kept);
	free(file);
	remove_directory(outside);
}

static void nor_if_that_root_is_a_link(void **state)
{
	char *outside = new_directory(), *link = path_in(outside, "root");

	(void)state;
	assert_int_equal(symlink(root, link), 0);
	place.root = link;
	put(text("%s/x", outside), "");
	put_link("/etc/oci-thin-grow", outside);
	put(FILE_NAME, "{\"a\":1}");
	assert_int_equal(enable("docker"), 0);
	assert_file(text("%s/backup" FILE_NAME, outside), "{\"a\":1}");
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, "{\"a\":1}");
	free(link);
	remove_directory(outside);
}

static void follows_a_link_and_keeps_it(void **state)
{
	char *link = whole_path(FILE_NAME), *file = whole_path("/srv/daemon.json"), value[8];
	struct stat st;
	bool labelled;

	(void)state;
	put("/srv/daemon.json", "{\"a\":1}");
	put("/etc/docker/other", "");
	assert_int_equal(symlink("../../srv/daemon.json", link), 0);
	assert_int_equal(chmod(file, 0640), 0);
	/* older kernels lack it on tmpfs */
	labelled = setxattr(file, "user.label", "x", 1, 0) == 0;
	if (geteuid() == 0)
		assert_int_equal(chown(file, 65534, 65533), 0);
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(file, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0640);
	if (geteuid() == 0)
		assert_int_equal(st.st_uid + st.st_gid, 65534 + 65533);
	if (labelled)
		assert_int_equal(getxattr(file, "user.label", value, sizeof(value)), 1);
	assert_file(CHANGE_BACKUPS "/srv/daemon.json", "{\"a\":1}");
	assert_int_equal(disable("docker"), 0);
	assert_file("/srv/daemon.json", "{\"a\":1}");
	assert_int_equal(unlink(file), 0);
	assert_true(enable("docker") < 0);
	assert_contains(why.text, "No such file");
	free(link);
	free(file);
}

static void changes_another_file_on_request(void **state)
{
	char *file = whole_path("/srv/d.json");

	(void)state;
	put("/srv/d.json", "{\"a\":1}");
	place.file = file;
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(look("docker"), SETUP_ON);
	assert_int_equal(disable("docker"), 0);
	assert_file("/srv/d.json", "{\"a\":1}");
	assert_file(FILE_NAME, NULL);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(only_our_keys_differ),
		HOST_TEST(gives_the_file_back_byte_for_byte),
		HOST_TEST(restores_it_without_a_backup),
		HOST_TEST(a_backup_of_a_file_that_is_gone_is_not_used),
		HOST_TEST(a_backup_beside_the_file_is_used_and_removed),
		HOST_TEST(creates_and_removes_the_file),
		HOST_TEST(keeps_what_others_change_meanwhile),
		HOST_TEST(gives_a_replaced_default_back),
		HOST_TEST(does_not_take_the_place_of_anothers_default),
		HOST_TEST(keeps_the_runtime_on_request),
		HOST_TEST(never_loses_a_default_that_was_set_after_enable),
		HOST_TEST(names_containers_that_need_the_runtime),
		HOST_TEST(respects_the_command_line_of_dockerd),
		HOST_TEST(heeds_how_the_unit_starts_dockerd),
		HOST_TEST(becomes_the_default_that_it_replaces),
		HOST_TEST(what_people_have_comes_back_byte_for_byte),
		HOST_TEST(does_not_become_what_it_cannot),
		HOST_TEST(the_host_keeps_a_runtime),
		HOST_TEST(believes_only_the_hosts_dockerd),
		HOST_TEST(refuses_what_dockerd_would_refuse),
		HOST_TEST(says_what_is_missing),
		HOST_TEST(only_our_program_is_our_runtime),
		HOST_TEST(checks_the_file_that_the_running_dockerd_reads),
		HOST_TEST(never_leaves_its_root),
		HOST_TEST(nor_if_that_root_is_a_link),
		HOST_TEST(follows_a_link_and_keeps_it),
		HOST_TEST(changes_another_file_on_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
