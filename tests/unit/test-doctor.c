/* SPDX-License-Identifier: Apache-2.0 */

/* doctor's findings about files, devices, pools, ledger and containers. */

#include "host/doctor.h"

#include "base/paths.h"
#include "daemon/child.h"
#include "disk/growd-lock.h"
#include "disk/ledger.h"
#include "fake-growd.h"
#include "fake-udev.h"
#include "grow-fixture.h"
#include "host/survey.h"
#include "policy/config.h"

#include <sys/sysmacros.h>

static struct doctor doctor;
static struct policy policy;
static struct engine_container container;
static char id[] = "0123456789abcdef", name[] = "we\"b", device_name[] = "docker-8:1-42-thin";

/* A stopped container of Docker, with 4 GiB on a device of 4 GiB; Docker remembers 1 GiB. */
static int setup_doctor(void **state)
{
	setup(state);
	fake_udev_heals();
	fake_udev.dm_name = device_name;
	fake_fs.bytes = LARGE;
	fake_dm.thin.live.sectors = LARGE_SECTORS;
	container = (struct engine_container){
		.engine = "docker",
		.id = id,
		.name = name,
		.device = device_name,
		.remembered = SMALL,
	};
	policy = policy_builtin;
	doctor = (struct doctor){
		.policy = &policy,
		.run_dir = run_dir,
		.ledger_dir = ledger_dir,
		.containers = {&container, 1},
		.healing.armed = true,
	};
	return 0;
}

static void forget(void)
{
	doctor.containers = (struct engine_list){0}; /* they belong to us */
	doctor_free(&doctor);
}

static int teardown_doctor(void **state)
{
	forget();
	return teardown(state);
}

static void again(void **state)
{
	teardown_doctor(state);
	setup_doctor(state);
}

static const struct finding *find(const char *finding_id)
{
	for (size_t i = 0; i < doctor.findings.n; i++) {
		const struct finding *finding = &doctor.findings.all[i];

		if (strcmp(finding->id, finding_id) == 0 && finding->severity != SEVERITY_OK)
			return finding;
	}
	return NULL;
}

static const struct finding *found(const char *finding_id)
{
	const struct finding *finding = find(finding_id);

	if (!finding) {
		fail_msg("no finding %s", finding_id);
		abort();
	}
	return finding;
}

static const struct finding *expect(enum severity severity, const char *finding_id,
				    const char *subject, const char *what)
{
	const struct finding *finding = found(finding_id);

	assert_int_equal(finding->severity, severity);
	assert_string_equal(finding->subject, subject);
	assert_contains(finding->what, what);
	assert_non_null(finding->why);
	return finding;
}

static bool is_shown_as_ok(const char *finding_id)
{
	for (size_t i = 0; i < doctor.findings.n; i++) {
		if (strcmp(doctor.findings.all[i].id, finding_id) == 0)
			return doctor.findings.all[i].severity == SEVERITY_OK;
	}
	return false;
}

static void expect_nothing(void)
{
	assert_int_equal(doctor.findings.count[SEVERITY_BROKEN], 0);
	assert_int_equal(doctor.findings.count[SEVERITY_WARNING], 0);
	assert_false(doctor.findings.incomplete);
}

static void examine(void)
{
	doctor_read_devices(&doctor);
	doctor_pools(&doctor);
	doctor_ledger(&doctor);
	doctor_containers(&doctor);
	doctor_short_devices(&doctor);
}

static void put_entry_with(const char *device, uint64_t sectors, enum ledger_state entry_state,
			   bool in_vm)
{
	struct ledger_entry entry = {
		.pool = "docker-pool",
		.thin_id = 17,
		.fs_uuid = "0123456789abcde",
		.sectors = sectors,
		.state = entry_state,
		.mount_count = 3,
		.in_vm = in_vm,
	};

	snprintf(entry.device, sizeof(entry.device), "%s", device);
	entry.fs_uuid[15] = 'f';
	assert_int_equal(ledger_boot_id(entry.boot_id), 0);
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
}

static void put_entry(const char *device, uint64_t sectors, enum ledger_state entry_state)
{
	put_entry_with(device, sectors, entry_state, false);
}

/* --- containers ------------------------------------------------------------------------------ */

static void ignore(const struct why *unused)
{
	(void)unused;
}

static void a_host_that_heals_has_no_findings(void **state)
{
	(void)state;
	examine();
	expect_nothing();
	for (size_t i = 0; i < doctor.findings.n; i++) {
		if (strcmp(doctor.findings.all[i].id, "containers") == 0)
			assert_contains(doctor.findings.all[i].what, "1 of them larger");
	}
	assert_string_equal(fake_dm.log, "");
	assert_int_equal(fake_dm.commits, 0);
}

static void names_a_container_at_risk(void **state)
{
	const struct finding *finding;

	(void)state;
	doctor.healing = fake_host_without_rule;
	examine();
	finding = expect(SEVERITY_BROKEN, "container-at-risk", id,
			 "docker container \"we\\\"b\" (\"0123456789ab\") would not start again: "
			 "it needs a device of 4 GiB, and docker re-creates it with 1 GiB");
	assert_contains(finding->why, "the rule is missing");
	assert_string_equal(finding->command, "install it");
}

static void a_container_that_was_never_grown_is_not_at_risk(void **state)
{
	(void)state;
	doctor.healing = fake_host_without_rule;
	container.remembered = LARGE;
	examine();
	expect_nothing();
	again(state);
	doctor.healing = fake_host_without_rule;
	container.remembered = 0; /* unknown to the engine's files */
	examine();
	expect_nothing();
}

static void a_container_whose_engine_does_not_wait_for_udev_is_at_risk(void **state)
{
	const struct finding *finding;

	(void)state;
	fake_udev.cookie = "6291456";
	examine();
	finding = expect(SEVERITY_BROKEN, "container-at-risk", id, "4 GiB");
	assert_contains(finding->why, "does not wait for udev");
	assert_null(finding->command);
	again(state);
	fake_udev.cookie = NULL; /* the rule came later: it will see the next one */
	examine();
	expect_nothing();
}

static void a_pods_container_is_not_at_risk(void **state)
{
	(void)state;
	doctor.healing = fake_host_without_rule;
	container.in_pod = true;
	put_entry(device_name, LARGE_SECTORS, LEDGER_DONE);
	examine();
	expect_nothing();
}

static void names_a_device_at_risk_that_only_the_ledger_has(void **state)
{
	(void)state;
	fake_dm.thin.gone = true;
	doctor.healing = fake_host_without_rule;
	examine();
	expect_nothing();
	again(state);
	fake_dm.thin.gone = true;
	doctor.healing = fake_host_without_rule;
	put_entry(device_name, LARGE_SECTORS, LEDGER_DONE);
	examine();
	expect(SEVERITY_BROKEN, "container-at-risk", id, "needs a device of 4 GiB");
	again(state);
	fake_dm.thin.gone = true;
	doctor.healing = fake_host_without_rule;
	container.remembered = 0;
	put_entry(device_name, LARGE_SECTORS, LEDGER_DONE);
	examine();
	expect(SEVERITY_BROKEN, "container-at-risk", id, "with its first size");
}

static void names_a_device_that_is_too_short(void **state)
{
	const struct finding *finding;

	(void)state;
	fake_dm.thin.live.sectors = SMALL_SECTORS;
	examine();
	finding = expect(SEVERITY_BROKEN, "container-too-short", id, "has 1 GiB and needs 4 GiB");
	assert_string_equal(finding->command, "oci-thin-grow heal --all");
	assert_null(find("device-too-short"));
	assert_null(find("container-at-risk"));
	assert_string_equal(fake_dm.log, "");
	again(state);
	fake_dm.thin.live.sectors = SMALL_SECTORS;
	doctor.healing = fake_host_without_rule; /* and the next start would fail, too */
	examine();
	assert_non_null(find("container-too-short"));
	assert_non_null(find("container-at-risk"));
	again(state);
	fake_dm.thin.live.sectors = SMALL_SECTORS;
	put_entry_with(device_name, LARGE_SECTORS, LEDGER_DONE, true);
	examine();
	finding = expect(SEVERITY_BROKEN, "container-too-short", id, "has 1 GiB and needs 4 GiB");
	assert_lacks(finding->what, "cannot start");
	again(state);
	fake_dm.thin.live.sectors = SMALL_SECTORS;
	doctor.containers.n = 0;
	examine();
	finding = expect(SEVERITY_BROKEN, "device-too-short", device_name, "needs 4 GiB");
	assert_string_equal(finding->command, "oci-thin-grow heal --all");
}

/* What `metrics` reports about the same container. */
static enum risk risk_by_survey(void)
{
	const struct survey_order survey_order = {
		.policy = &policy,
		.run_dir = run_dir,
		.ledger_dir = ledger_dir,
		.healing = &doctor.healing,
		.places = &extender_host,
		.complain = ignore,
	};
	struct survey survey;
	struct inventory disk;
	enum risk risk;

	assert_int_equal(survey_take(&survey_order, &survey, &why), 0);
	assert_int_equal(inventory_look(&container, &policy, &disk), 1);
	risk = survey_judge(&survey, &disk);
	inventory_free(&disk);
	survey_free(&survey);
	return risk;
}

static enum risk risk_by_doctor(void)
{
	examine();
	if (find("container-too-short"))
		return RISK_TOO_SHORT;
	if (find("container-at-risk"))
		return RISK_NOT_HEALED;
	return find("growth-unfinished") ? RISK_UNFINISHED : RISK_NONE;
}

/* All findings about a stopped container at once. */
static void agrees_with_metrics(void **state)
{
	static const char *const cookies[] = {"6302301", "6291456", NULL};
	static const uint64_t remembered[] = {0, SMALL, LARGE},
			      sectors[] = {SMALL_SECTORS, LARGE_SECTORS};
	enum { CASES = 2 * 2 * 2 * 2 * 3 * 3 * 3, NO_ENTRY = 2 };
	unsigned int seen[RISKS] = {0};

	(void)state;
	for (unsigned int n = 0, rest = 0; n < CASES; rest = ++n) {
		unsigned int entry = rest % 3;
		enum risk risk;

		again(state);
		fake_udev.cookie = cookies[(rest /= 3) % 3];
		container.remembered = remembered[(rest /= 3) % 3];
		fake_dm.thin.live.sectors = sectors[(rest /= 3) % 2];
		fake_fs.bytes = sectors[(rest /= 2) % 2] * SECTOR_BYTES;
		doctor.healing = (rest /= 2) % 2 ? fake_host_heals : fake_host_without_rule;
		fake_dm.thin.gone = (rest /= 2) % 2;
		if (entry != NO_ENTRY)
			put_entry(device_name, LARGE_SECTORS,
				  entry ? LEDGER_INTENDED : LEDGER_DONE);
		risk = risk_by_doctor();
		if (risk_by_survey() != risk)
			fail_msg("case %u: doctor %u, metrics %u", n, risk, risk_by_survey());
		seen[risk]++;
	}
	for (size_t i = 0; i < RISKS; i++)
		assert_true(seen[i] > 0);
}

/* --- the ledger ------------------------------------------------------------------------------ */

static void reports_the_ledger(void **state)
{
	char *command = NULL;

	(void)state;
	put_entry(device_name, LARGE_SECTORS, LEDGER_INTENDED);
	examine();
	/* Not mounted, according to the mount table. */
	assert_null(
		expect(SEVERITY_WARNING, "growth-unfinished", device_name, "to 4 GiB")->command);
	again(state);
	policy.max_bytes = SMALL;
	put_entry(device_name, LARGE_SECTORS, LEDGER_INTENDED);
	examine();
	assert_null(expect(SEVERITY_WARNING, "growth-unfinished", device_name,
			   "may not be finished: max_size is 1 GiB")
			    ->command);
	again(state);
	fake_growd.runs = true;
	put_entry(device_name, LARGE_SECTORS, LEDGER_INTENDED);
	examine();
	fake_growd.runs = false;
	assert_null(find("growth-unfinished"));
	assert_true(is_shown_as_ok("growth-in-background"));
	again(state);
	put_entry("other", LARGE_SECTORS, LEDGER_DONE);
	write_in(ledger_dir, "other", "x");
	examine();
	assert_true(asprintf(&command, "rm -r %s/other", ledger_dir) > 0);
	assert_string_equal(
		expect(SEVERITY_BROKEN, "ledger-entry", "other", "ledger entry")->command, command);
	free(command);
	again(state);
	put_entry("other", LARGE_SECTORS, LEDGER_DONE);
	write_in(ledger_dir, "\x1b[2J", "x");
	examine();
	assert_contains(expect(SEVERITY_BROKEN, "ledger-entry", "\x1b[2J", "\\x1b")->command,
			" -maxdepth 1 -inum ");
	again(state);
	assert_int_equal(mkdir(ledger_dir, 0777), 0);
	assert_int_equal(chmod(ledger_dir, 0777), 0);
	examine();
	assert_contains(
		expect(SEVERITY_BROKEN, "ledger-directory", ledger_dir, "writable by others")
			->command,
		"chmod 0700 ");
}

/* --- pools ----------------------------------------------------------------------------------- */

static const struct finding *pool_says(void **state, const char *status, const char *finding_id)
{
	again(state);
	snprintf(fake_dm.pool_status, sizeof(fake_dm.pool_status), "%s", status);
	examine();
	return find(finding_id);
}

/* The same, where it must be reported. */
static const struct finding *pool_must_say(void **state, const char *status, const char *finding_id)
{
	pool_says(state, status, finding_id);
	return found(finding_id);
}

static void reports_pools(void **state)
{
	const struct finding *finding;

	assert_null(pool_says(state,
			      "0 3686/4096 1556480/1638400 - rw discard_passdown "
			      "queue_if_no_space - 1024",
			      "pool-data"));
	expect_nothing(); /* 90 % and 95 % are not above the marks */
	finding =
		pool_must_say(state,
			      "0 100/4096 1572864/1638400 - rw discard_passdown queue_if_no_space "
			      "- 1024",
			      "pool-data");
	assert_string_equal(finding->what, "pool \"docker-pool\" is 96.0 % full");
	assert_null(finding->command); /* the devices below it are unknown */
	assert_contains(finding->why, "no command can extend it");
	finding = pool_must_say(state,
				"0 3900/4096 100/1638400 - rw discard_passdown queue_if_no_space "
				"- 1024",
				"pool-metadata");
	assert_contains(finding->what, "95.2 %");
	pool_must_say(state,
		      "0 100/4096 100/1638400 - out_of_data_space discard_passdown "
		      "queue_if_no_space - 1024",
		      "pool-data");
	finding = pool_must_say(
		state, "0 100/4096 100/1638400 - ro discard_passdown queue_if_no_space - 1024",
		"pool-read-only");
	assert_string_equal(finding->command,
			    "dmsetup load docker-pool --table '0 209715200 thin-pool 1234:1 "
			    "1234:2 128 32768 0' && dmsetup resume docker-pool");
	pool_must_say(state,
		      "0 100/4096 100/1638400 - ro discard_passdown queue_if_no_space "
		      "needs_check 1024",
		      "pool-needs-check");
	assert_null(find("pool-read-only"));
	assert_non_null(pool_says(state, "Fail", "pool-needs-check"));
}

/* What is said about its discards with this status; NULL: nothing. */
static const char *note_of_discards(void **state, const char *status)
{
	pool_says(state, status, "pool-discards");
	for (size_t i = 0; i < doctor.findings.n; i++) {
		if (strcmp(doctor.findings.all[i].id, "pool-discards") == 0)
			return doctor.findings.all[i].what;
	}
	return NULL;
}

static void notes_a_pool_without_discards(void **state)
{
	assert_null(note_of_discards(state, "0 100/4096 100/1638400 - rw discard_passdown "
					    "queue_if_no_space - 1024"));
	assert_contains(note_of_discards(state, "0 100/4096 100/1638400 - rw ignore_discard "
						"queue_if_no_space - 1024"),
			"\"docker-pool\" ignores discards");
	assert_contains(note_of_discards(state, "0 100/4096 100/1638400 - rw no_discard_passdown "
						"queue_if_no_space - 1024"),
			"the device below it supports none");
	assert_null(note_of_discards(state, "Fail"));
}

/* The daemon runs, and saw the pool fill at this rate. */
static int run_daemon(uint64_t bytes_per_second)
{
	char pool[] = "docker-pool";
	struct daemon_pool watched = {.device = pool, .bytes_per_second = bytes_per_second};
	const struct daemon_state running = {
		.at_ms = boottime_now(), .pools = &watched, .n_pools = 1};

	assert_int_equal(daemon_state_write(run_dir, &running), 0);
	return growd_lock(run_dir);
}

static void reports_a_pool_that_is_full_within_a_day(void **state)
{
	const struct finding *finding;
	int fd = run_daemon(4 * MIB); /* 93.9 GiB are free: 6.7 hours */

	(void)state;
	assert_true(fd >= 0);
	examine();
	finding = expect(SEVERITY_WARNING, "pool-fills-up", "docker-pool",
			 "\"docker-pool\" will be full in 6h 40m at the present rate, and nothing "
			 "extends it");
	assert_contains(finding->why, "no command can extend it");
	assert_int_equal(doctor.findings.count[SEVERITY_BROKEN], 0);
	/* it is full already */
	pool_must_say(state,
		      "0 100/4096 1572864/1638400 - rw discard_passdown queue_if_no_space - 1024",
		      "pool-data");
	close(fd);
}

static void says_when_a_pool_is_full(void **state)
{
	int fd = run_daemon(MIB); /* more than a day */

	(void)state;
	assert_true(fd >= 0);
	examine();
	expect_nothing();
	for (size_t i = 0; i < doctor.findings.n; i++) {
		if (strcmp(doctor.findings.all[i].id, "pool-autoextend") == 0)
			assert_contains(doctor.findings.all[i].what,
					"; at the present rate it is full in 1d 2h");
	}
	close(fd);
}

static void figures_of_a_daemon_that_ended_are_ignored(void **state)
{
	int fd = run_daemon(4 * MIB);

	(void)state;
	close(fd);
	examine();
	expect_nothing();
	for (size_t i = 0; i < doctor.findings.n; i++)
		assert_lacks(doctor.findings.all[i].what, "present rate");
}

static void does_not_report_pools_that_no_container_uses(void **state)
{
	static const char *const others[] = {"vg-*", NULL};

	(void)state;
	snprintf(fake_dm.pool_status, sizeof(fake_dm.pool_status), "Fail");
	policy.pools = others;
	examine();
	assert_null(find("pool-needs-check"));
	assert_non_null(find("pool")); /* none that may be used */
}

/* --- configuration --------------------------------------------------------------------------- */

static void reports_the_configuration(void **state)
{
	const struct finding *finding;

	(void)state;
	policy.runtime = "/bin/true";
	doctor_config(&doctor);
	expect_nothing();
	assert_int_equal(mkdir(run_dir, 0700), 0);
	write_in(run_dir, "disabled", "");
	doctor_config(&doctor);
	finding = found("switched-off");
	assert_contains(finding->what, "disabled, until that is removed");
	assert_contains(finding->command, "rm ");
	assert_int_equal(doctor.findings.count[SEVERITY_WARNING], 1);
	findings_free(&doctor.findings);
	policy.enabled = false;
	policy.broken = "config.json:3: no such key";
	doctor_config(&doctor);
	finding = found("switched-off");
	assert_null(finding->command);
	finding = found("config");
	assert_int_equal(finding->severity, SEVERITY_BROKEN);
	assert_contains(finding->what, "config.json:3");
}

static void load_policy(const char *config)
{
	const struct config_listener nobody = {NULL, NULL};
	char *path = path_in(ledger_dir, "config.json");

	config_free(&policy);
	write_file(path, config);
	assert_int_equal(config_load("/nowhere", path, &nobody, &policy), 0);
	free(path);
}

static void reports_that_nobody_grows_containers_that_have_a_maximum(void **state)
{
	static const char *const configs[] = {
		"{\n\"autogrow\": {\"max\": \"100G\"}}",
		"{\"rules\": [{\"name\": \"off\", \"match\": {\"engine\": \"docker\"},"
		"\"autogrow\": {\"max\": null}},\n"
		"{\"name\": \"db\", \"autogrow\": {\"max\": \"100G\"}}]}",
	};

	(void)state;
	assert_int_equal(mkdir(ledger_dir, 0700), 0);
	for (size_t i = 0; i < COUNT_OF(configs); i++) {
		const struct finding *finding;

		load_policy(configs[i]);
		doctor_config(&doctor);
		finding = found("autogrow");
		assert_int_equal(finding->severity, SEVERITY_WARNING);
		assert_contains(finding->what, "config.json:2");
		assert_string_equal(finding->command, "systemctl enable --now oci-thin-growd");
		findings_free(&doctor.findings);
		fake_growd.runs = true;
		doctor_config(&doctor);
		fake_growd.runs = false;
		expect_nothing();
		assert_true(is_shown_as_ok("autogrow"));
		findings_free(&doctor.findings);
	}
	load_policy("{\"autogrow\": {\"at\": \"90%\"},"
		    "\"rules\": [{\"name\": \"off\", \"autogrow\": {\"max\": null}}]}");
	doctor_config(&doctor);
	expect_nothing();
	config_free(&policy);
}

/* The daemon wrote it just now. */
static void let_growd_write(char *engine)
{
	const struct daemon_state state = {.pid = 1, .at_ms = boottime_now(), .nri = engine};

	assert_int_equal(daemon_state_write(run_dir, &state), 0);
	findings_free(&doctor.findings);
	doctor_config(&doctor);
}

static void reports_that_no_engine_asks_by_nri(void **state)
{
	const struct finding *finding;

	(void)state;
	assert_int_equal(mkdir(run_dir, 0700), 0);
	policy.runtime = "/bin/true";
	policy.nri = "/run/x.sock";
	let_growd_write((char[]){"containerd"});
	finding = found("nri");
	assert_int_equal(finding->severity, SEVERITY_WARNING);
	assert_contains(finding->what, "oci-thin-growd does not run");
	assert_string_equal(finding->command, "systemctl enable --now oci-thin-growd");
	fake_growd.runs = true;
	let_growd_write(NULL);
	finding = found("nri");
	assert_int_equal(finding->severity, SEVERITY_WARNING);
	assert_contains(finding->what, "no engine asks oci-thin-growd by NRI at /run/x.sock");
	assert_contains(finding->why, "disable = false");
	assert_null(finding->command);
	assert_null(doctor.nri);
	let_growd_write((char[]){"containerd"});
	fake_growd.runs = false;
	expect_nothing();
	assert_true(is_shown_as_ok("nri"));
	assert_string_equal(doctor.nri, "containerd");
}

static void a_missing_runtime_is_broken(void **state)
{
	static char builtin[] = "/usr/bin/runc";

	(void)state;
	policy.runtime = "/nowhere/runc";
	doctor_runtime(&doctor);
	expect(SEVERITY_BROKEN, "runtime", "/nowhere/runc", "not found");
	assert_null(found("runtime")->command);
	findings_free(&doctor.findings);
	policy.runtime = "/usr"; /* a directory can be "executed" */
	doctor_runtime(&doctor);
	expect(SEVERITY_BROKEN, "runtime", "/usr", "Permission denied");
	findings_free(&doctor.findings);
	policy.runtime = "/bin/sh";
	doctor_runtime(&doctor);
	expect_nothing();
	/* podman with crun alone does not need the built-in one */
	policy.runtime = builtin;
	if (access(builtin, X_OK) < 0) {
		doctor_runtime(&doctor);
		expect_nothing();
		doctor.wraps = true;
		doctor_runtime(&doctor);
		found("runtime");
	}
}

/* --- files ----------------------------------------------------------------------------------- */

static char *host;

/* @path and the directories above it, below host */
static void make_directories(const char *path)
{
	for (size_t i = 1; path[i - 1]; i++) {
		char *whole;

		if (path[i] && path[i] != '/')
			continue;
		assert_true(asprintf(&whole, "%s%.*s", host, (int)i, path) > 0);
		mkdir(whole, 0755);
		free(whole);
	}
}

static void make_host(void)
{
	char *path;

	host = new_directory();
	make_directories(SBIN_DIR);
	make_directories(HOOK_DIR);
	write_in(host, PROGRAM_PATH, "x");
	path = path_in(host, PROGRAM_PATH);
	assert_int_equal(chmod(path, 0755), 0);
	free(path);
	path = path_in(host, RUNTIME_PATH);
	assert_int_equal(symlink("oci-thin-grow", path), 0);
	free(path);
	path = path_in(host, HOOK_PATH);
	assert_int_equal(symlink("../../../sbin/oci-thin-grow", path), 0);
	free(path);
}

static void look_at_host(void)
{
	findings_free(&doctor.findings);
	doctor_files(&doctor, host);
}

static void reports_its_own_files(void **state)
{
	char *program, *link;
	const struct finding *finding;

	(void)state;
	make_host();
	program = path_in(host, PROGRAM_PATH);
	link = path_in(host, HOOK_PATH);
	look_at_host();
	expect_nothing();
	assert_int_equal(doctor.findings.count[SEVERITY_OK], 1);
	assert_int_equal(chmod(program, 0775), 0);
	look_at_host();
	finding = expect(SEVERITY_BROKEN, "file-access", PROGRAM_PATH, "mode 0775");
	assert_string_equal(finding->command, "chown root:root " PROGRAM_PATH " && chmod "
					      "go-w " PROGRAM_PATH);
	assert_int_equal(chmod(program, 0644), 0);
	look_at_host();
	finding = expect(SEVERITY_BROKEN, "file-access", PROGRAM_PATH, "cannot be executed");
	assert_string_equal(finding->command, "chmod 0755 " PROGRAM_PATH);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("/bin/true", link), 0);
	look_at_host();
	finding = expect(SEVERITY_BROKEN, "file-link", HOOK_PATH, "does not lead to");
	assert_string_equal(finding->command, "mkdir -p " HOOK_DIR " && ln -sfn "
					      "../../../sbin/oci-thin-grow " HOOK_PATH);
	assert_int_equal(unlink(program), 0);
	look_at_host();
	finding = expect(SEVERITY_BROKEN, "file-missing", PROGRAM_PATH, "No such file");
	assert_contains(finding->command, "install -D -m 0755 /");
	free(program);
	free(link);
	remove_directory(host);
}

#define DOCTOR_TEST(test)                                                                          \
	cmocka_unit_test_prestate_setup_teardown(test, setup_doctor, teardown_doctor,              \
						 &(enum fs_type){FS_EXT4})

int main(void)
{
	const struct CMUnitTest tests[] = {
		DOCTOR_TEST(a_host_that_heals_has_no_findings),
		DOCTOR_TEST(names_a_container_at_risk),
		DOCTOR_TEST(a_container_that_was_never_grown_is_not_at_risk),
		DOCTOR_TEST(a_container_whose_engine_does_not_wait_for_udev_is_at_risk),
		DOCTOR_TEST(names_a_device_at_risk_that_only_the_ledger_has),
		DOCTOR_TEST(a_pods_container_is_not_at_risk),
		DOCTOR_TEST(names_a_device_that_is_too_short),
		DOCTOR_TEST(agrees_with_metrics),
		DOCTOR_TEST(reports_the_ledger),
		DOCTOR_TEST(reports_pools),
		DOCTOR_TEST(notes_a_pool_without_discards),
		DOCTOR_TEST(reports_a_pool_that_is_full_within_a_day),
		DOCTOR_TEST(says_when_a_pool_is_full),
		DOCTOR_TEST(figures_of_a_daemon_that_ended_are_ignored),
		DOCTOR_TEST(does_not_report_pools_that_no_container_uses),
		DOCTOR_TEST(reports_the_configuration),
		DOCTOR_TEST(reports_that_nobody_grows_containers_that_have_a_maximum),
		DOCTOR_TEST(reports_that_no_engine_asks_by_nri),
		DOCTOR_TEST(a_missing_runtime_is_broken),
		DOCTOR_TEST(reports_its_own_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
