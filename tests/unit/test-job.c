/* SPDX-License-Identifier: Apache-2.0 */
#include "job/job.h"
#include "job/tell.h"

#include "base/log.h"
#include "fake-dm.h"
#include "fake-fs.h"
#include "fake-growd.h"
#include "fake-log.h"
#include "fake-udev.h"
#include "role/role.h"
#include "unit.h"

#define ASKS(size) "{\"io.oci-thin-grow.size\":\"" size "\"}"

static struct job job;
static struct json_doc *doc;
static struct policy policy;
static struct text message;

static int setup(void **state)
{
	struct rootfs armed;

	(void)state;
	fake_dm_arm(GIB / 512);
	fake_fs_arm(FS_EXT4, GIB, &armed);
	rootfs_close(&armed);
	fake_syslog.lines = 0;
	policy = policy_builtin;
	job = (struct job){
		.container = "c1",
		.bundle = fake_fs.directory,
		.root_path = ".",
		.rootfs.fd = -EBADF,
		.host = &fake_host_heals,
		.dry_run = true, /* no lock in /run: test-grow.c tests how it grows */
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	job_free(&job);
	json_free(doc);
	doc = NULL;
	fake_fs_disarm();
	fake_dm_disarm();
	return 0;
}

static void expect(const char *annotations, enum job_outcome outcome, int status)
{
	struct why why;

	assert_int_equal(json_parse(annotations, strlen(annotations), &doc, &why), 0);
	job.annotations[1] = json_root(doc);
	job_run(&job, &policy);
	tell_log(&job);
	tell_message(&job, &message);
	if (job.outcome != outcome)
		print_error("%s\n", job.why.text);
	assert_int_equal(job.outcome, outcome);
	assert_int_equal(tell_exit_status(&job, &policy), status);
}

/*
 * A container without a request costs nothing: it does not matter that there is no rootfs and that
 * libdm does not answer.
 */
static void without_a_request_nothing_is_done(void **state)
{
	(void)state;
	job.bundle = "/nowhere";
	job.dry_run = false;
	expect("{\"a\":\"b\",\"a\":\"c\"}", JOB_NOTHING, EXIT_OK);
	assert_int_equal(fake_dm.calls, 0);
	assert_int_equal(fake_syslog.lines, 0);
	assert_string_equal(message.s, "");
}

static void a_sandbox_is_not_grown(void **state)
{
	(void)state;
	job.dry_run = false;
	expect("{\"io.kubernetes.cri.container-type\":\"sandbox\","
	       "\"io.oci-thin-grow.size\":\"4G\"}",
	       JOB_NOTHING, EXIT_OK);
	assert_true(job.sandbox);
	assert_int_equal(fake_dm.calls, 0);
	assert_int_equal(fake_syslog.lines, 0);
}

static void a_growth_is_one_line_in_the_log(void **state)
{
	(void)state;
	expect(ASKS("4G"), JOB_GROWN, EXIT_OK);
	assert_int_equal(fake_syslog.lines, 1);
	assert_int_equal(fake_syslog.priority, LOG_INFO);
	assert_contains(fake_syslog.text, "action=grow container=c1 engine=runtime "
					  "device=docker-8:1-42-thin from=1073741824 ");
	assert_contains(fake_syslog.text, " fs=ext4 source=annotation:io.oci-thin-grow.size "
					  "requested=4294967296 took_ms=");
	assert_string_equal(message.s, "");
}

/* --- start_with ------------------------------------------------------------------------------ */

/* How far the filesystem would grow before a start with a request for 64 GiB. */
static uint64_t first_step(void)
{
	fake_syslog.lines = 0;
	json_free(doc);
	job.outcome = JOB_NOTHING;
	grow_report_free(&job.report);
	rootfs_close(&job.rootfs);
	expect(ASKS("64G"), JOB_GROWN, EXIT_OK);
	assert_int_equal(job.report.plan.device_sectors, 64 * GIB / 512);
	assert_int_equal(job.report.plan.fs_bytes, 64 * GIB);
	return job.report.plan.fs_now_bytes;
}

static void a_start_does_not_wait_for_what_the_daemon_can_do(void **state)
{
	(void)state;
	fake_growd = (struct fake_growd){.runs = true};
	job.at_start = true;
	policy.start_with_bytes = 16 * GIB;
	assert_int_equal(first_step(), 16 * GIB);
	assert_contains(fake_syslog.text, " fs_later=68719476736 ");
	fake_growd = (struct fake_growd){0};
}

static void nothing_is_promised_to_nobody(void **state)
{
	(void)state;
	job.at_start = true;
	policy.start_with_bytes = 16 * GIB;
	assert_int_equal(first_step(), 64 * GIB); /* no daemon runs */
	assert_lacks(fake_syslog.text, "fs_later");
	fake_growd = (struct fake_growd){.runs = true, .sees_other_mounts = true};
	assert_int_equal(first_step(), 64 * GIB);
	fake_growd.sees_other_mounts = false;
	assert_int_equal(first_step(), 16 * GIB);
	policy.start_with_bytes = 0;
	assert_int_equal(first_step(), 64 * GIB);
	policy.start_with_bytes = 64 * GIB;
	assert_int_equal(first_step(), 64 * GIB);
	policy.start_with_bytes = 16 * GIB;
	fake_dm.thin.name = "somebodys"; /* heal does not know it */
	assert_int_equal(first_step(), 64 * GIB);
	fake_dm.thin.name = "docker-8:1-42-thin";
	job.at_start = false; /* `grow` and `apply` */
	assert_int_equal(first_step(), 64 * GIB);
	fake_growd = (struct fake_growd){0};
}

static void only_starts_with_more_than_start_with_ask_for_the_daemon(void **state)
{
	(void)state;
	fake_growd = (struct fake_growd){.runs = true};
	job.at_start = true;
	first_step();
	policy.start_with_bytes = 64 * GIB;
	first_step();
	policy.start_with_bytes = 16 * GIB;
	job.at_start = false;
	first_step();
	assert_int_equal(fake_growd.asked, 0);
	job.at_start = true;
	first_step();
	assert_int_equal(fake_growd.asked, 1);
	fake_growd = (struct fake_growd){0};
}

static void a_request_that_is_met_exactly_is_not_logged(void **state)
{
	(void)state;
	expect(ASKS("1G"), JOB_KEPT, EXIT_OK);
	assert_int_equal(fake_syslog.lines, 0);
}

static void a_request_below_the_size_is_logged(void **state)
{
	(void)state;
	expect(ASKS("1M"), JOB_KEPT, EXIT_OK);
	assert_int_equal(fake_syslog.lines, 1);
	assert_contains(fake_syslog.text, "action=keep");
	assert_contains(fake_syslog.text, "size=1073741824");
	assert_string_equal(message.s, "");
}

static void a_request_beyond_policy_is_refused(void **state)
{
	(void)state;
	expect(ASKS("2T"), JOB_REFUSED, EXIT_REFUSED);
	assert_int_equal(fake_dm.calls, 0);
	assert_int_equal(fake_syslog.priority, LOG_ERR);
	assert_contains(fake_syslog.text, "action=refuse container=c1");
	assert_contains(message.s, "container \"c1\" cannot have 2 TiB (annotation "
				   "io.oci-thin-grow.size): max_size is 1 TiB");
}

static void a_full_pool_refuses_the_growth(void **state)
{
	(void)state;
	strcpy(fake_dm.pool_status, "Fail");
	expect(ASKS("4G"), JOB_REFUSED, EXIT_REFUSED);
	assert_contains(message.s, "pool \"docker-pool\" has failed; repair it first");
	assert_true(job_is_pool_refusal(&job));
	assert_string_equal(job.report.pool.name, "docker-pool");
}

/* The rest of the pool is for what others write. */
static void a_growth_of_the_daemons_leaves_more_of_the_pool(void **state)
{
	(void)state;
	strcpy(fake_dm.pool_status,
	       "0 100/1000 8500/10000 - rw discard_passdown queue_if_no_space - 1024");
	job.request = (struct request){.origin = ORIGIN_AUTOGROW, .bytes = 4 * GIB};
	job_grow(&job, &policy);
	assert_int_equal(job.outcome, JOB_REFUSED);
	assert_contains(job.why.text, "the limit is 80 %");
	job_free(&job);
	job = (struct job){.container = "c1",
			   .bundle = fake_fs.directory,
			   .root_path = ".",
			   .rootfs.fd = -EBADF,
			   .host = &fake_host_heals,
			   .dry_run = true,
			   .request = {.origin = ORIGIN_COMMAND, .bytes = 4 * GIB}};
	job_grow(&job, &policy);
	assert_int_equal(job.outcome, JOB_GROWN);
}

static int opened;

static int does_not_run(void *context, struct rootfs *ret, struct why *why)
{
	(void)context;
	(void)ret;
	opened++;
	return why_set(why, ESRCH, "it does not run");
}

/* Commands open a rootfs in their own way, and only if it may have to be grown. */
static void opens_the_rootfs_only_if_there_is_something_to_do(void **state)
{
	(void)state;
	opened = 0;
	job.open_rootfs = does_not_run;
	expect("{}", JOB_NOTHING, EXIT_OK);
	json_free(doc);
	expect(ASKS("2T"), JOB_REFUSED, EXIT_REFUSED);
	assert_false(job_is_pool_refusal(&job));
	json_free(doc);
	assert_int_equal(opened, 0);
	assert_int_equal(fake_dm.calls, 0);
	expect(ASKS("4G"), JOB_FAILED, EXIT_FAILED);
	assert_int_equal(opened, 1);
	assert_int_equal(job.error, -ESRCH);
	assert_contains(message.s, "it does not run");
}

static void a_request_on_another_device_is_a_warning(void **state)
{
	(void)state;
	fake_dm.thin.live.target = "linear";
	expect(ASKS("4G"), JOB_NOT_APPLICABLE, EXIT_OK);
	assert_int_equal(fake_syslog.priority, LOG_WARNING);
	assert_contains(message.s, "requests 4 GiB (annotation io.oci-thin-grow.size), but "
				   "nothing was done: rootfs is ext4");
	policy.on_failure.not_applicable = ON_FAILURE_FAIL;
	assert_int_equal(tell_exit_status(&job, &policy), EXIT_NOT_APPLICABLE);
}

static void a_failed_request_fails_the_container(void **state)
{
	(void)state;
	fake_dm.thin.read_only = true;
	expect(ASKS("4G"), JOB_FAILED, EXIT_FAILED);
	assert_contains(message.s, "cannot have 4 GiB");
	policy.on_failure.request = ON_FAILURE_WARN;
	assert_int_equal(tell_exit_status(&job, &policy), EXIT_OK);
}

/* Whatever on_failure is: it is not a failure. */
static void a_postponed_growth_does_not_keep_a_container_down(void **state)
{
	(void)state;
	fake_dm.thin.deferred_remove = true;
	expect(ASKS("4G"), JOB_POSTPONED, EXIT_OK);
	assert_int_equal(fake_syslog.priority, LOG_WARNING);
	assert_contains(fake_syslog.text, "action=postpone container=c1 ");
	assert_contains(fake_syslog.text, " size=1073741824 ");
	assert_contains(fake_syslog.text, "reason=\"device \\\"docker-8:1-42-thin\\\" is about");
	assert_contains(message.s, "container \"c1\" keeps its disk for now, and cannot have 4 GiB "
				   "(annotation io.oci-thin-grow.size) yet: device");
	json_free(doc);
	job_free(&job);
	job.request = (struct request){0};
	policy.default_bytes = 4 * GIB;
	policy.on_failure.implicit = ON_FAILURE_FAIL;
	expect("{}", JOB_POSTPONED, EXIT_OK);
	assert_int_equal(fake_syslog.priority, LOG_WARNING);
}

static void an_unreadable_request_fails(void **state)
{
	(void)state;
	expect(ASKS("lots\\u001b\\n"), JOB_FAILED, EXIT_FAILED);
	assert_contains(message.s, "container \"c1\": io.oci-thin-grow.size: \"lots\\x1b\\n\"");
	assert_lacks(fake_syslog.text, "\n");
	assert_lacks(fake_syslog.text, "\x1b");
	assert_int_equal(fake_dm.calls, 0);
}

static void a_request_without_a_rootfs_fails(void **state)
{
	(void)state;
	job.root_path = NULL;
	expect(ASKS("4G"), JOB_FAILED, EXIT_FAILED);
	assert_contains(message.s, "config.json names no root.path");
}

/* --- sizes that nobody asked for ------------------------------------------------------------- */

static void a_default_grows(void **state)
{
	(void)state;
	policy.default_bytes = 4 * GIB;
	expect("{}", JOB_GROWN, EXIT_OK);
	assert_contains(fake_syslog.text, " source=default requested=4294967296 took_ms=");
}

static void a_default_below_the_size_is_silent(void **state)
{
	(void)state;
	policy.default_bytes = GIB / 2;
	expect("{}", JOB_KEPT, EXIT_OK);
	assert_int_equal(fake_syslog.lines, 0);
	assert_string_equal(message.s, "");
}

static void a_default_for_another_device_is_silent(void **state)
{
	(void)state;
	policy.default_bytes = 4 * GIB;
	policy.on_failure.not_applicable = policy.on_failure.implicit = ON_FAILURE_FAIL;
	fake_dm.thin.live.target = "linear";
	expect("{}", JOB_NOT_APPLICABLE, EXIT_OK);
	assert_int_equal(fake_syslog.lines, 0);
	assert_string_equal(message.s, "");
}

static void a_default_in_a_pool_that_is_not_allowed_is_silent(void **state)
{
	static const char *const pools[] = {"other", NULL};

	(void)state;
	policy.default_bytes = 4 * GIB;
	policy.pools = pools;
	expect("{}", JOB_NOT_APPLICABLE, EXIT_OK);
	assert_int_equal(fake_syslog.lines, 0);
}

static void a_default_that_fails_warns(void **state)
{
	(void)state;
	policy.default_bytes = 4 * GIB;
	strcpy(fake_dm.pool_status, "Fail");
	expect("{}", JOB_REFUSED, EXIT_OK);
	assert_int_equal(fake_syslog.priority, LOG_WARNING);
	assert_contains(
		message.s,
		"cannot have 4 GiB (default): pool \"docker-pool\" has failed; repair it first");
	policy.on_failure.implicit = ON_FAILURE_FAIL;
	assert_int_equal(tell_exit_status(&job, &policy), EXIT_REFUSED);
}

static void a_sandbox_gets_no_default(void **state)
{
	(void)state;
	policy.default_bytes = 4 * GIB;
	expect("{\"io.kubernetes.cri.container-type\":\"sandbox\"}", JOB_NOTHING, EXIT_OK);
	assert_int_equal(fake_dm.calls, 0);
}

static void a_rule_matches_image_and_namespace(void **state)
{
	static const struct rule rule = {.name = "pg",
					 .engine = "runtime",
					 .image = "*/postgres:*",
					 .ns = "prod-*",
					 .has_size = true,
					 .size_bytes = 4 * GIB};

	(void)state;
	policy.rules = &rule;
	policy.n_rules = 1;
	expect("{\"io.kubernetes.cri.image-name\":\"docker.io/library/postgres:16\","
	       "\"io.kubernetes.cri.sandbox-namespace\":\"prod-1\"}",
	       JOB_GROWN, EXIT_OK);
	assert_contains(fake_syslog.text, " source=rule:pg requested=4294967296 ");
	json_free(doc);
	job_free(&job);
	job.found_image = job.found_ns = NULL;
	job.image = job.ns = NULL;
	job.request = (struct request){0};
	expect("{\"io.kubernetes.cri.image-name\":\"mysql\","
	       "\"io.kubernetes.cri.sandbox-namespace\":\"prod-1\"}",
	       JOB_NOTHING, EXIT_OK);
}

static void clamping_is_logged(void **state)
{
	(void)state;
	policy.max_bytes = 4 * GIB;
	policy.on_exceed = ON_EXCEED_CLAMP;
	expect(ASKS("2T"), JOB_GROWN, EXIT_OK);
	assert_contains(fake_syslog.text, " requested=2199023255552 clamped=4294967296 ");
}

static void a_request_while_switched_off_is_logged(void **state)
{
	(void)state;
	policy.enabled = false;
	policy.default_bytes = 4 * GIB;
	expect(ASKS("2T"), JOB_SWITCHED_OFF, EXIT_OK);
	assert_int_equal(fake_syslog.lines, 1);
	assert_contains(fake_syslog.text, "action=skip container=c1 ");
	assert_contains(fake_syslog.text, "switched off by");
	assert_contains(message.s, "nothing was done: switched off by");
	json_free(doc);
	fake_syslog.lines = 0;
	job.request = (struct request){0};
	expect("{}", JOB_NOTHING, EXIT_OK);
	assert_int_equal(fake_syslog.lines, 0);
	assert_int_equal(fake_dm.calls, 0);
}

static void a_broken_configuration_fails_containers_with_a_request(void **state)
{
	(void)state;
	policy.broken = "config.json:2: max_size: expected a size";
	expect(ASKS("4G"), JOB_FAILED, EXIT_FAILED);
	assert_contains(message.s, "cannot have 4 GiB (annotation io.oci-thin-grow.size): the "
				   "configuration is broken: config.json:2: max_size: expected");
	json_free(doc);
	job.request = (struct request){0};
	expect("{}", JOB_NOTHING, EXIT_OK);
	assert_int_equal(fake_dm.calls, 0);
}

/* A container's name cannot forge a line or a field. */
static void quotes_the_container(void **state)
{
	(void)state;
	job.container = "c1 to=9\nroot";
	job.root_path = "missing";
	expect(ASKS("4G"), JOB_FAILED, EXIT_FAILED);
	assert_contains(fake_syslog.text, "container=\"c1 to=9\\nroot\" engine=");
	assert_contains(message.s, "container \"c1 to=9\\nroot\"");
}

#define DOCKER_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The value from the engine's files, for a second look. */
static void forget(void)
{
	json_free(doc);
	doc = NULL;
	job_free(&job);
	job.labels = NULL;
	job.labels_doc = NULL;
	job.size_option = job.found_size_option = NULL;
	job.request = (struct request){0};
	job.unread = (struct why){""};
}

/* cri-dockerd marks a pod's sandbox by a label, which Docker keeps in its own file. */
static void a_sandbox_is_recognised_by_its_label(void **state)
{
	char *containers = path_in(fake_fs.directory, "containers"),
	     *directory = path_in(containers, DOCKER_ID),
	     *root = path_in(fake_fs.directory, "devicemapper/mnt/x/rootfs");

	(void)state;
	mkdir_in(fake_fs.directory, "containers");
	mkdir_in(containers, DOCKER_ID);
	job.container = DOCKER_ID;
	job.root_path = root;
	write_in(directory, "config.v2.json", "{\"Config\":{\"Labels\":" ASKS("4G") "}}");
	expect("{}", JOB_FAILED, EXIT_FAILED); /* it has a request, and no rootfs */
	assert_int_equal(job.request.origin, ORIGIN_LABEL);
	forget();
	write_in(directory, "config.v2.json",
		 "{\"Config\":{\"Labels\":{\"io.kubernetes.docker.type\":\"podsandbox\","
		 "\"io.oci-thin-grow.size\":\"4G\"}}}");
	expect("{}", JOB_NOTHING, EXIT_OK);
	assert_true(job.sandbox);
	free(containers);
	free(directory);
	free(root);
}

/* Docker accepts the option and ignores it. */
static void an_option_asks_after_annotations_and_labels(void **state)
{
	static const char label[] = "{\"Config\":{\"Labels\":" ASKS("4G") "}}";
	char *containers = path_in(fake_fs.directory, "containers"),
	     *directory = path_in(containers, DOCKER_ID),
	     *root = path_in(fake_fs.directory, "rootfs/devmapper/x");

	(void)state;
	mkdir_in(fake_fs.directory, "containers");
	mkdir_in(containers, DOCKER_ID);
	write_in(directory, "hostconfig.json", "{\"StorageOpt\":{\"size\":\"4G\"}}");
	job.container = DOCKER_ID;
	job.root_path = root;
	expect("{}", JOB_FAILED, EXIT_FAILED); /* it has a request, and no rootfs */
	assert_string_equal(request_source(&job.request, ':'), "option:size");
	assert_true(job.request.bytes == 4 * GIB);
	forget();
	policy.labels = false;
	expect("{}", JOB_NOTHING, EXIT_OK);
	forget();
	policy.labels = true;
	expect(ASKS("4G"), JOB_FAILED, EXIT_FAILED);
	assert_int_equal(job.request.origin, ORIGIN_ANNOTATION);
	forget();
	write_in(directory, "config.v2.json", label);
	expect("{}", JOB_FAILED, EXIT_FAILED);
	assert_int_equal(job.request.origin, ORIGIN_LABEL);
	forget();
	write_in(directory, "config.v2.json", "{}");
	free(containers);
	free(directory);
	free(root);
}

/* Docker starts such a container, too. */
static void an_option_that_cannot_be_read_is_a_warning(void **state)
{
	char *containers = path_in(fake_fs.directory, "containers"),
	     *directory = path_in(containers, DOCKER_ID),
	     *root = path_in(fake_fs.directory, "rootfs/devmapper/x");

	(void)state;
	mkdir_in(fake_fs.directory, "containers");
	mkdir_in(containers, DOCKER_ID);
	write_in(directory, "hostconfig.json", "{\"StorageOpt\":{\"size\":\"4X\"}}");
	job.container = DOCKER_ID;
	job.root_path = root;
	expect("{}", JOB_NOTHING, EXIT_OK);
	assert_string_equal(message.s, "");
	assert_int_equal(fake_syslog.lines, 1);
	assert_contains(fake_syslog.text, "action=warn container=" DOCKER_ID " engine=");
	assert_contains(fake_syslog.text, "warning=\"--storage-opt size: \\\"4X\\\" is not a size");
	assert_int_equal(fake_dm.calls, 0);
	forget();
	write_in(directory, "hostconfig.json", "{\"StorageOpt\":[]}");
	expect("{}", JOB_NOTHING, EXIT_OK);
	assert_contains(job_warning(&job), "hostconfig.json\": \"StorageOpt\": expected an object");
	forget();
	write_in(directory, "config.v2.json", "{\"Config\":1}");
	expect("{}", JOB_NOTHING, EXIT_OK);
	assert_contains(fake_syslog.text, "config.v2.json");
	forget();
	policy.default_bytes = 4 * GIB; /* which it gets, as without the option */
	write_in(directory, "config.v2.json", "{}");
	write_in(directory, "hostconfig.json", "{\"StorageOpt\":{\"size\":\"4X\"}}");
	expect("{}", JOB_FAILED, EXIT_OK); /* there is no rootfs */
	assert_int_equal(job.request.origin, ORIGIN_DEFAULT);
	assert_contains(fake_syslog.text, "source=default");
	assert_contains(fake_syslog.text, "4X");
	free(containers);
	free(directory);
	free(root);
}

static void expect_next(const char *annotations, enum job_outcome outcome, int status)
{
	json_free(doc);
	job_free(&job);
	job.report = (struct grow_report){0};
	job.request = (struct request){0};
	fake_syslog.lines = 0;
	expect(annotations, outcome, status);
}

/* After a lower max_size, a rule that denies requests, or a slip in the configuration. */
static void a_container_that_has_its_size_starts_whatever_the_configuration_says_now(void **state)
{
	static const struct rule rule = {.name = "dev", .request = RULE_REQUEST_DENY};

	(void)state;
	job.at_start = true;
	policy.max_bytes = GIB / 2;
	expect(ASKS("1G"), JOB_KEPT, EXIT_OK);
	assert_int_equal(fake_syslog.lines, 1);
	assert_int_equal(fake_syslog.priority, LOG_WARNING);
	assert_contains(fake_syslog.text, "action=keep container=c1 ");
	assert_contains(fake_syslog.text, "warning=\"max_size is 512 MiB");
	assert_string_equal(message.s, "");
	expect_next(ASKS("4G"), JOB_REFUSED, EXIT_REFUSED);
	assert_contains(message.s, "cannot have 4 GiB");
	policy.rules = &rule;
	policy.n_rules = 1;
	expect_next(ASKS("1G"), JOB_KEPT, EXIT_OK);
	assert_contains(fake_syslog.text, "denies size requests");
	policy = policy_builtin;
	policy.broken = "config.json:2: x";
	expect_next(ASKS("1G"), JOB_KEPT, EXIT_OK);
	assert_contains(fake_syslog.text, "the configuration is broken: config.json:2: x");
	fake_dm.thin.live.target = "linear";
	expect_next(ASKS("1G"), JOB_FAILED, EXIT_FAILED);
	assert_null(job.report.device.name);
	assert_int_equal(fake_dm.count[DM_DEVICE_RELOAD], 0);
}

/* The first start extended the device; a kill, or the daemon's absence, left the rest. */
static void a_container_whose_filesystem_cannot_be_finished_starts(void **state)
{
	(void)state;
	job.at_start = true;
	fake_fs.bytes = GIB / 2;
	strcpy(fake_dm.pool_status, "Fail");
	expect(ASKS("1G"), JOB_POSTPONED, EXIT_OK);
	assert_contains(message.s, "keeps its disk for now");
	assert_contains(message.s, "pool \"docker-pool\" has failed");
	policy.max_bytes = GIB / 2;
	expect_next(ASKS("1G"), JOB_POSTPONED, EXIT_OK);
	assert_contains(message.s, "max_size is 512 MiB");
	expect_next(ASKS("4G"), JOB_REFUSED, EXIT_REFUSED);
	policy = policy_builtin;
	expect_next(ASKS("4G"), JOB_REFUSED, EXIT_REFUSED);
	job.at_start = false; /* `apply` */
	expect_next(ASKS("1G"), JOB_REFUSED, EXIT_REFUSED);
}

static void warns_of_each_growth_that_would_not_be_healed(void **state)
{
	(void)state;
	job.host = &fake_host_without_rule;
	for (int i = 0; i < 2; i++) {
		fake_syslog.lines = 0;
		expect(ASKS("4G"), JOB_GROWN, EXIT_OK);
		assert_int_equal(fake_syslog.lines, 2);
		assert_string_equal(message.s,
				    "c1: it would not start again after a stop or reboot, because "
				    "the rule is missing. Fix: install it");
		json_free(doc);
		job_free(&job);
		job.rootfs.fd = -EBADF;
		job.unhealed = false;
	}
	doc = NULL;
}

static void refuses_an_operator_to_grow_what_would_not_start_again(void **state)
{
	(void)state;
	job.refuse_unhealed = true;
	job.host = &fake_host_without_rule;
	expect(ASKS("4G"), JOB_REFUSED, EXIT_REFUSED);
	assert_string_equal(
		message.s,
		"c1: not grown without --unhealed: it would not start again after a stop or "
		"reboot, because the rule is missing. Fix: install it");
	assert_int_equal(fake_syslog.lines, 1);
	assert_contains(fake_syslog.text, "action=refuse");
	assert_false(job_is_pool_refusal(&job));
	assert_string_equal(fake_dm.log, "");
}

static void does_not_refuse_what_is_large_enough(void **state)
{
	(void)state;
	job.refuse_unhealed = true;
	job.host = &fake_host_without_rule;
	expect(ASKS("1G"), JOB_KEPT, EXIT_OK);
}

static void a_pods_container_needs_no_healing(void **state)
{
	(void)state;
	job.refuse_unhealed = true;
	job.host = &fake_host_without_rule;
	expect("{\"io.kubernetes.cri.container-type\":\"container\","
	       "\"io.oci-thin-grow.size\":\"4G\"}",
	       JOB_GROWN, EXIT_OK);
	assert_false(job.unhealed);
}

/* Its image can have any label. */
static void a_container_of_dockers_with_a_pods_label_needs_healing(void **state)
{
	static const char text[] = "{\"io.kubernetes.docker.type\":\"container\","
				   "\"io.kubernetes.pod.name\":\"db-0\"}";
	struct json_doc *labels = NULL;
	struct why why;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &labels, &why), 0);
	job.refuse_unhealed = true;
	job.host = &fake_host_without_rule;
	job.engine = "docker";
	job.labels = json_root(labels);
	expect(ASKS("4G"), JOB_REFUSED, EXIT_REFUSED);
	json_free(labels);
}

static void a_container_of_podmans_pod_needs_healing(void **state)
{
	(void)state;
	job.refuse_unhealed = true;
	job.host = &fake_host_without_rule;
	job.engine = "podman";
	expect("{\"io.kubernetes.cri-o.ContainerType\":\"container\","
	       "\"io.oci-thin-grow.size\":\"4G\"}",
	       JOB_REFUSED, EXIT_REFUSED);
}

static void a_device_of_no_engine_needs_no_healing(void **state)
{
	(void)state;
	job.refuse_unhealed = true;
	job.host = &fake_host_without_rule;
	fake_dm.thin.name = "somebodys";
	expect(ASKS("4G"), JOB_GROWN, EXIT_OK);
}

static void does_not_ask_udev_about_a_device_of_no_engine(void **state)
{
	(void)state;
	fake_udev.lookups = 0;
	fake_dm.thin.name = "somebodys";
	expect(ASKS("4G"), JOB_GROWN, EXIT_OK);
	json_free(doc);
	job_free(&job);
	fake_dm.thin.live.target = "linear";
	expect(ASKS("4G"), JOB_NOT_APPLICABLE, EXIT_OK);
	assert_int_equal(fake_udev.lookups, 0);
}

#define JOB_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static enum job_outcome checked_outcome;
static unsigned int checks;

static enum job_outcome check(struct job *of)
{
	checks++;
	why_set(&of->why, 0, "a check says so");
	of->in_vm = checked_outcome == JOB_NOTHING;
	return checked_outcome;
}

static void check_here(enum job_outcome outcome)
{
	job.check = check;
	checked_outcome = outcome;
	checks = 0;
}

static void looks_where_the_hook_runs_only_if_there_is_a_request(void **state)
{
	(void)state;
	check_here(JOB_FAILED);
	expect("{}", JOB_NOTHING, EXIT_OK);
	policy.broken = "config.json:1: x";
	expect("{}", JOB_NOTHING, EXIT_OK);
	assert_int_equal(checks, 0);
	assert_int_equal(fake_syslog.lines, 0);
}

static void a_rootless_hook_is_reported_before_a_broken_configuration(void **state)
{
	(void)state;
	check_here(JOB_NOT_APPLICABLE);
	policy.broken = "config.json:1: x";
	expect(ASKS("4G"), JOB_NOT_APPLICABLE, EXIT_OK);
	assert_contains(fake_syslog.text, "action=skip container=c1");
	assert_contains(message.s, "a check says so");
	assert_int_equal(fake_dm.calls, 0);
}

static void a_disk_mounted_here_and_in_a_vm_is_refused(void **state)
{
	(void)state;
	check_here(JOB_NOTHING);
	job.dry_run = false;
	expect(ASKS("4G"), JOB_REFUSED, EXIT_REFUSED);
	assert_contains(fake_syslog.text, "action=refuse container=c1");
	assert_contains(message.s, "cannot have 4 GiB");
	assert_contains(message.s, "under two kernels");
	assert_int_equal(fake_dm.thin.live.sectors, GIB / 512);
	assert_int_equal(fake_dm.thin.inactive.sectors, 0);
}

static void a_disk_that_only_a_vm_mounts_is_not_applicable(void **state)
{
	(void)state;
	check_here(JOB_NOTHING);
	job.root_path = "nowhere";
	expect(ASKS("4G"), JOB_NOT_APPLICABLE, EXIT_OK);
	assert_contains(message.s, "nothing was done: it runs in a virtual machine");
	assert_int_equal(fake_dm.calls, 0);
}

static void an_unreadable_spec_fails_a_container_with_a_request(void **state)
{
	(void)state;
	job.root_path = NULL;
	job.no_root = "\"/b/config.json\": No such file or directory";
	expect("{}", JOB_NOTHING, EXIT_OK);
	assert_int_equal(fake_syslog.lines, 0);
	expect(ASKS("4G"), JOB_FAILED, EXIT_FAILED);
	assert_contains(message.s, "/b/config.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		JOB_TEST(without_a_request_nothing_is_done),
		JOB_TEST(a_sandbox_is_not_grown),
		JOB_TEST(a_sandbox_is_recognised_by_its_label),
		JOB_TEST(an_option_asks_after_annotations_and_labels),
		JOB_TEST(an_option_that_cannot_be_read_is_a_warning),
		JOB_TEST(a_growth_is_one_line_in_the_log),
		JOB_TEST(a_start_does_not_wait_for_what_the_daemon_can_do),
		JOB_TEST(only_starts_with_more_than_start_with_ask_for_the_daemon),
		JOB_TEST(nothing_is_promised_to_nobody),
		JOB_TEST(a_request_that_is_met_exactly_is_not_logged),
		JOB_TEST(a_request_below_the_size_is_logged),
		JOB_TEST(a_request_beyond_policy_is_refused),
		JOB_TEST(a_full_pool_refuses_the_growth),
		JOB_TEST(a_growth_of_the_daemons_leaves_more_of_the_pool),
		JOB_TEST(opens_the_rootfs_only_if_there_is_something_to_do),
		JOB_TEST(a_request_on_another_device_is_a_warning),
		JOB_TEST(a_failed_request_fails_the_container),
		JOB_TEST(a_postponed_growth_does_not_keep_a_container_down),
		JOB_TEST(an_unreadable_request_fails),
		JOB_TEST(a_request_without_a_rootfs_fails),
		JOB_TEST(quotes_the_container),
		JOB_TEST(a_default_grows),
		JOB_TEST(a_default_below_the_size_is_silent),
		JOB_TEST(a_default_for_another_device_is_silent),
		JOB_TEST(a_default_in_a_pool_that_is_not_allowed_is_silent),
		JOB_TEST(a_default_that_fails_warns),
		JOB_TEST(a_sandbox_gets_no_default),
		JOB_TEST(a_rule_matches_image_and_namespace),
		JOB_TEST(clamping_is_logged),
		JOB_TEST(a_request_while_switched_off_is_logged),
		JOB_TEST(a_broken_configuration_fails_containers_with_a_request),
		JOB_TEST(a_container_that_has_its_size_starts_whatever_the_configuration_says_now),
		JOB_TEST(a_container_whose_filesystem_cannot_be_finished_starts),
		JOB_TEST(warns_of_each_growth_that_would_not_be_healed),
		JOB_TEST(refuses_an_operator_to_grow_what_would_not_start_again),
		JOB_TEST(does_not_refuse_what_is_large_enough),
		JOB_TEST(a_pods_container_needs_no_healing),
		JOB_TEST(a_container_of_dockers_with_a_pods_label_needs_healing),
		JOB_TEST(a_container_of_podmans_pod_needs_healing),
		JOB_TEST(a_device_of_no_engine_needs_no_healing),
		JOB_TEST(does_not_ask_udev_about_a_device_of_no_engine),
		JOB_TEST(looks_where_the_hook_runs_only_if_there_is_a_request),
		JOB_TEST(a_rootless_hook_is_reported_before_a_broken_configuration),
		JOB_TEST(a_disk_mounted_here_and_in_a_vm_is_refused),
		JOB_TEST(a_disk_that_only_a_vm_mounts_is_not_applicable),
		JOB_TEST(an_unreadable_spec_fails_a_container_with_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
