/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/ledger.h"

#include "base/crc32c.h"
#include "unit.h"

#include <grp.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define DEVICE "docker-8:1-42-0123abcd"
#define NOBODY 65534

static const struct ledger_entry example = {
	.device = DEVICE,
	.pool = "docker-8:1-42-pool",
	.thin_id = 17,
	.fs_uuid = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76,
		    0x54, 0x32, 0x10},
	.sectors = 44040192,
	.state = LEDGER_INTENDED,
	.boot_id = "5a3b1c70-0a1b-4c2d-8e3f-9a0b1c2d3e4f",
	.mount_count = 3,
};

#define FIRST	      "oci-thin-grow ledger 1\n"
#define NAMES	      "device=" DEVICE "\npool=docker-8:1-42-pool\n"
#define THIN_ID	      "thin_id=17\n"
#define UUID	      "fs_uuid=01234567-89ab-cdef-fedc-ba9876543210\n"
#define SECTORS	      "sectors=44040192\n"
#define STATE	      "state=intended\n"
#define BOOT	      "boot_id=5a3b1c70-0a1b-4c2d-8e3f-9a0b1c2d3e4f\n"
#define COUNT	      "mount_count=3\n"
#define SOURCE	      "source=annotation:io.oci-thin-grow.size\n"
#define TIME	      "time=1790000000\n"
#define FIRST_SECTORS "first_sectors=2097152\n"
#define VM	      "vm=1\n"
#define PAUSED	      "paused_sectors=4194304\n"

static char *parent, *dir;
static struct why why;
static struct ledger_entry got;
static pid_t writer; /* writes until it is killed */

/* --- the calls that make an entry durable: ours come before libc's --------------------------- */

static struct {
	char log[256];
	const char *fail; /* this call, with EIO */
	bool short_writes;
	unsigned int writes;
} calls;

static bool call_fails(const char *name)
{
	size_t len = strlen(calls.log);

	snprintf(calls.log + len, sizeof(calls.log) - len, "%s%s", len ? ", " : "", name);
	errno = EIO;
	return calls.fail && strcmp(calls.fail, name) == 0;
}

int fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return call_fails(S_ISDIR(st.st_mode) ? "sync directory" : "sync file") ? -1
										: fdatasync(fd);
}

int renameat(int old_fd, const char *old, int new_fd, const char *new)
{
	return call_fails("rename") ? -1 : renameat2(old_fd, old, new_fd, new, 0);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	struct iovec iov = {(void *)(uintptr_t)bytes, len};

	if (calls.fail && call_fails("write"))
		return -1;
	if (calls.short_writes) {
		errno = EINTR;
		if (calls.writes++ % 2 == 0)
			return -1;
		iov.iov_len = len < 7 ? len : 7;
	}
	return writev(fd, &iov, 1);
}

/* --- helpers --------------------------------------------------------------------------------- */

static int setup(void **state)
{
	(void)state;
	parent = new_directory();
	dir = path_in(parent, "ledger");
	memset(&calls, 0, sizeof(calls));
	memset(&got, 0x5a, sizeof(got));
	why.text[0] = '\0';
	return 0;
}

static void start_writer(const struct ledger_entry *a, const struct ledger_entry *b)
{
	writer = fork();
	assert_true(writer >= 0);
	if (writer)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!ledger_write(dir, a, &why) && !ledger_write(dir, b, &why))
		;
	_exit(1);
}

static void kill_writer(void)
{
	pid_t child = writer;
	int status;

	writer = 0;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status)); /* otherwise a write has failed before */
}

static int teardown(void **state)
{
	(void)state;
	memset(&calls, 0, sizeof(calls));
	if (writer)
		kill_writer();
	remove_directory(parent);
	free(dir);
	return 0;
}

static struct ledger_entry other(void)
{
	struct ledger_entry entry = example;

	entry.state = LEDGER_DONE;
	entry.sectors = 1;
	return entry;
}

static void assert_untouched(void)
{
	struct ledger_entry fresh;

	memset(&fresh, 0x5a, sizeof(fresh));
	assert_memory_equal(&got, &fresh, sizeof(got));
}

static void assert_same(const struct ledger_entry *a, const struct ledger_entry *b)
{
	assert_string_equal(a->device, b->device);
	assert_string_equal(a->pool, b->pool);
	assert_int_equal(a->thin_id, b->thin_id);
	assert_memory_equal(a->fs_uuid, b->fs_uuid, 16);
	assert_true(a->sectors == b->sectors);
	assert_int_equal(a->state, b->state);
	assert_string_equal(a->boot_id, b->boot_id);
	assert_int_equal(a->mount_count, b->mount_count);
	assert_string_equal(a->source, b->source);
	assert_true(a->time == b->time);
	assert_true(a->first_sectors == b->first_sectors);
	assert_true(a->in_vm == b->in_vm);
	assert_true(a->paused_sectors == b->paused_sectors);
}

static void put(const struct ledger_entry *entry)
{
	assert_int_equal(ledger_write(dir, entry, &why), 0);
}

static void assert_stands(const struct ledger_entry *entry)
{
	assert_int_equal(ledger_read(dir, entry->device, &got, &why), 1);
	assert_same(&got, entry);
}

static bool all_gone(const struct ledger_entry *entry, void *context)
{
	assert_true(entry->sectors > 0);
	++*(int *)context;
	return true;
}

/* All files in the directory, also hidden ones. */
static int files_in(const char *directory)
{
	char *pattern = NULL;
	int n = 0;
	FILE *ls;

	assert_true(asprintf(&pattern, "ls -A '%s' | wc -l", directory) > 0);
	ls = popen(pattern, "r");
	assert_non_null(ls);
	assert_int_equal(fscanf(ls, "%d", &n), 1);
	pclose(ls);
	free(pattern);
	return n;
}

/* @lines, followed by the right checksum. */
static int parse_sealed(const char *lines, size_t len)
{
	char text[LEDGER_MAX_BYTES + 64];
	int n;

	memcpy(text, lines, len);
	n = snprintf(text + len, sizeof(text) - len, "crc32c=%08" PRIx32 "\n",
		     crc32c(0, lines, len));
	return ledger_parse(text, len + (size_t)n, &got, &why);
}

#define SEALED(lines) parse_sealed((lines), sizeof(lines) - 1)

/* --- the text -------------------------------------------------------------------------------- */

static void writes_the_documented_format(void **state)
{
	static const char lines[] = FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT;
	char text[LEDGER_MAX_BYTES], last[32];
	int len = ledger_format(&example, text);

	(void)state;
	assert_int_equal(len, strlen(text));
	assert_memory_equal(text, lines, strlen(lines));
	snprintf(last, sizeof(last), "crc32c=%08" PRIx32 "\n", crc32c(0, lines, strlen(lines)));
	assert_string_equal(text + strlen(lines), last);
	assert_int_equal(SEALED(lines), 0);
	assert_same(&got, &example);
}

static void round_trip(struct ledger_entry *entry)
{
	char text[LEDGER_MAX_BYTES];
	int len = ledger_format(entry, text);

	assert_true(len > 0 && len < LEDGER_MAX_BYTES);
	assert_int_equal(ledger_parse(text, (size_t)len, &got, &why), 0);
	assert_same(&got, entry);
}

static void reads_what_it_wrote(void **state)
{
	struct ledger_entry entry = example;

	(void)state;
	round_trip(&entry);
	entry.state = LEDGER_DONE;
	entry.thin_id = entry.mount_count = UINT32_MAX;
	entry.sectors = UINT64_C(1) << 54;
	memset(entry.device, 'd', sizeof(entry.device) - 1);
	memset(entry.pool, '=', sizeof(entry.pool) - 1);
	memset(entry.fs_uuid, 0xff, 16);
	round_trip(&entry);
	entry.thin_id = entry.mount_count = 0;
	entry.sectors = 1;
	snprintf(entry.device, sizeof(entry.device), " a b\xc3\xa9\"\\ ");
	round_trip(&entry);
}

static void reads_source_time_and_first_size(void **state)
{
	struct ledger_entry entry = example;

	(void)state;
	assert_int_equal(
		SEALED(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT SOURCE TIME FIRST_SECTORS),
		0);
	assert_string_equal(got.source, "annotation:io.oci-thin-grow.size");
	assert_int_equal(got.time, 1790000000);
	assert_int_equal(got.first_sectors, 2097152);
	ledger_set_source(&entry, "rule:a\nb\x1b\xff");
	assert_string_equal(entry.source, "rule:a?b??");
	round_trip(&entry);
	entry.first_sectors = 7;
	entry.time = UINT64_C(9999999999999999999);
	memset(entry.source, ' ', sizeof(entry.source) - 1);
	round_trip(&entry);
	ledger_set_source(&entry, "");
	round_trip(&entry);
}

static void an_entry_without_the_optional_lines_is_sound(void **state)
{
	(void)state;
	assert_int_equal(SEALED(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT), 0);
	assert_int_equal(got.sectors, example.sectors);
	assert_string_equal(got.source, "");
	assert_int_equal(got.time, 0);
	assert_int_equal(got.first_sectors, 0);
	assert_false(got.in_vm);
}

static void reads_that_a_device_was_given_to_a_vm(void **state)
{
	struct ledger_entry entry = example;

	(void)state;
	assert_int_equal(SEALED(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT VM), 0);
	assert_true(got.in_vm);
	assert_int_equal(SEALED(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT SOURCE TIME
					FIRST_SECTORS VM),
			 0);
	assert_true(got.in_vm);
	assert_int_equal(got.first_sectors, 2097152);
	entry.in_vm = true;
	round_trip(&entry);
}

static void reads_where_a_growth_paused(void **state)
{
	struct ledger_entry entry = example;
	char text[LEDGER_MAX_BYTES];

	(void)state;
	assert_int_equal(SEALED(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT PAUSED), 0);
	assert_int_equal(got.paused_sectors, 4194304);
	assert_int_equal(SEALED(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT SOURCE TIME
					FIRST_SECTORS VM PAUSED),
			 0);
	assert_int_equal(got.paused_sectors, 4194304);
	entry.paused_sectors = UINT64_C(1) << 54;
	round_trip(&entry);
	entry.state = LEDGER_DONE; /* what is done does not pause */
	assert_int_equal(ledger_format(&entry, text), -EINVAL);
}

/* A guest can write another one; everything else must still match. */
static void the_uuid_is_not_compared_for_a_device_of_a_vm(void **state)
{
	static const uint8_t another[16] = {1};
	struct ledger_entry entry = example;

	(void)state;
	assert_false(ledger_matches(&entry, DEVICE, entry.pool, 17, another));
	entry.in_vm = true;
	assert_true(ledger_matches(&entry, DEVICE, entry.pool, 17, another));
	assert_false(ledger_matches(&entry, "another", entry.pool, 17, another));
	assert_false(ledger_matches(&entry, DEVICE, "another", 17, another));
	assert_false(ledger_matches(&entry, DEVICE, entry.pool, 18, another));
}

static void refuses_every_truncation_and_flip(void **state)
{
	char text[LEDGER_MAX_BYTES];
	size_t len = (size_t)ledger_format(&example, text);

	(void)state;
	memset(&got, 0x5a, sizeof(got));
	for (size_t n = 0; n < len; n++) {
		assert_int_equal(ledger_parse(text, n, &got, &why), -EINVAL);
		assert_int_equal(ledger_parse(text + n + 1, len - n - 1, &got, &why), -EINVAL);
	}
	for (size_t bit = 0; bit < 8 * len; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(ledger_parse(text, len, &got, &why), -EINVAL);
		assert_contains(why.text, "checksum");
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
	text[len] = '\n';
	assert_int_equal(ledger_parse(text, len + 1, &got, &why), -EINVAL);
	text[len] = '\0';
	assert_int_equal(ledger_parse(text, len + 1, &got, &why), -EINVAL);
	assert_untouched();
	assert_int_equal(ledger_parse(text, len, &got, &why), 0);
}

static void refuses_other_lines_with_a_valid_checksum(void **state)
{
#define LINE(text)                                                                                 \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {
		LINE(""),
		LINE(FIRST),
		LINE(NAMES THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE("oci-thin-grow ledger 2\n" NAMES THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST "device=" DEVICE "\n" THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT),
		LINE(FIRST NAMES THIN_ID THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT COUNT),
		LINE(FIRST NAMES THIN_ID UUID STATE SECTORS BOOT COUNT),
		LINE(FIRST THIN_ID NAMES UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE COUNT BOOT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "more=1\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "\0"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT "mount_count=3"),
		LINE(FIRST "\n" NAMES THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "source=\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "source=a\x1b\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "source=a\0\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "source=a"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT SOURCE SOURCE),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT TIME SOURCE),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT SOURCE "time=0\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "time=01\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT
		     "time=12345678901234567890\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "first_sectors=0\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT
		     "first_sectors=18014398509481985\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT SOURCE TIME FIRST_SECTORS
		     "more=1\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "vm=0\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "vm=2\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "vm=11\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT VM VM),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT VM FIRST_SECTORS),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT PAUSED VM),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT PAUSED PAUSED),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "paused_sectors=0\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT "paused_sectors=01\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT COUNT
		     "paused_sectors=18014398509481985\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS "state=done\n" BOOT COUNT PAUSED),
		LINE(FIRST NAMES "thin_id=\n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES "thin_id=017\n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES "thin_id=+17\n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES "thin_id=-17\n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES "thin_id= 17\n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES "thin_id=17 \n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES "thin_id=17\r\n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES "thin_id=0x11\n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES "thin_id=1\0007\n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES "thin_id=4294967313\n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES "thin_id=18446744073709551633\n" UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID "sectors=0\n" STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID "sectors=-1\n" STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID "sectors=18014398509481985\n" STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID "sectors=18446744073753591808\n" STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE BOOT "mount_count=4294967296\n"),
		LINE(FIRST NAMES THIN_ID UUID SECTORS "state=\n" BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS "state=Done\n" BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS "state=intended2\n" BOOT COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE "boot_id=\n" COUNT),
		LINE(FIRST NAMES THIN_ID UUID SECTORS STATE
		     "boot_id=5A3b1c70-0a1b-4c2d-8e3f-9a0b1c2d3e4f\n" COUNT),
		LINE(FIRST NAMES THIN_ID
		     "fs_uuid=0123456789abcdeffedcba9876543210\n" SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID
		     "fs_uuid=01234567-89AB-cdef-fedc-ba9876543210\n" SECTORS STATE BOOT COUNT),
		LINE(FIRST NAMES THIN_ID
		     "fs_uuid=01234567-89ab-cdef-fedc-ba987654321\n" SECTORS STATE BOOT COUNT),
		LINE(FIRST "device=\npool=p\n" THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST "device=../x\npool=p\n" THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST "device=d\npool=a/b\n" THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST "device=d\npool=a\tb\n" THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST "device=d\0\npool=p\n" THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST "Device=d\npool=p\n" THIN_ID UUID SECTORS STATE BOOT COUNT),
		LINE(FIRST "device =d\npool=p\n" THIN_ID UUID SECTORS STATE BOOT COUNT),
	};
	char lines[LEDGER_MAX_BYTES];
	int len;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (parse_sealed(bad[i].text, bad[i].len) != -EINVAL)
			fail_msg("accepted: %s", bad[i].text);
		assert_true(why.text[0]);
	}
	for (int name_bytes = 127; name_bytes <= 300; name_bytes++) {
		len = snprintf(lines, sizeof(lines),
			       FIRST "device=%0*d\npool=p\n" THIN_ID UUID SECTORS STATE BOOT COUNT,
			       name_bytes, 1);
		if (name_bytes > 127)
			memset(&got, 0x5a, sizeof(got));
		assert_int_equal(parse_sealed(lines, (size_t)len), name_bytes > 127 ? -EINVAL : 0);
	}
	assert_untouched();
	memset(lines, '\n', sizeof(lines));
	memcpy(lines, FIRST, sizeof(FIRST) - 1);
	assert_int_equal(parse_sealed(lines, sizeof(lines)), -EINVAL);
}

static void refuses_to_format_invalid_entries(void **state)
{
	char text[LEDGER_MAX_BYTES] = "as it was";
	struct ledger_entry entry;

	(void)state;
	entry = example;
	entry.sectors = 0;
	assert_int_equal(ledger_format(&entry, text), -EINVAL);
	entry.sectors = (UINT64_C(1) << 54) + 1;
	assert_int_equal(ledger_format(&entry, text), -EINVAL);
	entry = example;
	entry.state = (enum ledger_state)2;
	assert_int_equal(ledger_format(&entry, text), -EINVAL);
	entry = example;
	entry.boot_id[8] = '\n';
	assert_int_equal(ledger_format(&entry, text), -EINVAL);
	assert_string_equal(text, "as it was");
}

static void refuses_hostile_names(void **state)
{
	static const char *const names[] = {"",	       ".",  "..",	"../x", "a/b",
					    "/",       ".a", "a\nb",	"\x1b", "a\x7f",
					    "ledger/", "\t", ".a.1.new"};
	char *victim = path_in(parent, "x"), text[LEDGER_MAX_BYTES], longest[200];
	struct ledger_entry entry;

	(void)state;
	put(&example);
	write_file(victim, "precious");
	memset(longest, 'n', sizeof(longest));
	for (size_t i = 0; i <= COUNT_OF(names) + 1; i++) {
		const char *name = i < COUNT_OF(names) ? names[i] : longest;

		longest[i == COUNT_OF(names) ? 128 : 199] = '\0';
		entry = example;
		memset(entry.pool, 0, sizeof(entry.pool));
		memcpy(entry.pool, name, strnlen(name, sizeof(entry.pool)));
		assert_int_equal(ledger_format(&entry, text), -EINVAL);
		entry = example;
		memset(entry.device, 0, sizeof(entry.device));
		memcpy(entry.device, name, strnlen(name, sizeof(entry.device)));
		assert_int_equal(ledger_format(&entry, text), -EINVAL);
		assert_int_equal(ledger_write(dir, &entry, &why), -EINVAL);
		assert_contains(why.text, dir);
		assert_null(strpbrk(why.text, "\n\t\x1b\x7f"));
		assert_int_equal(ledger_read(dir, name, &got, &why), -EINVAL);
		assert_null(strpbrk(why.text, "\n\t\x1b\x7f"));
	}
	assert_untouched();
	assert_int_equal(access(victim, F_OK), 0);
	assert_int_equal(files_in(dir), 1);
	assert_stands(&example);
	free(victim);
}

/* --- writing --------------------------------------------------------------------------------- */

static void makes_directories_and_file(void **state)
{
	char *deep = path_in(dir, "a/b"), *path = path_in(deep, DEVICE);
	struct stat st;

	(void)state;
	assert_int_equal(ledger_write(deep, &example, &why), 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(files_in(deep), 1);
	/* three new directories, each in one that existed before it */
	assert_string_equal(calls.log, "sync directory, sync directory, sync directory, "
				       "sync file, rename, sync directory");
	free(path);
	free(deep);
}

/* After a power cut there is the old or the new one; readers that have the old one open keep it. */
static void replaces_in_the_right_order(void **state)
{
	char *path = path_in(dir, DEVICE), text[LEDGER_MAX_BYTES], old[LEDGER_MAX_BYTES];
	const struct ledger_entry done = other();
	int len = ledger_format(&example, text), fd;

	(void)state;
	put(&example);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	calls.log[0] = '\0';
	put(&done);
	assert_string_equal(calls.log, "sync file, rename, sync directory");
	assert_int_equal(read(fd, old, sizeof(old)), len);
	assert_memory_equal(old, text, (size_t)len);
	assert_stands(&done);
	close(fd);
	free(path);
}

/* The directory is synced: the writer before may have been killed between rename and fsync. */
static void does_not_rewrite_an_unchanged_entry(void **state)
{
	char *path = path_in(dir, DEVICE);
	struct stat before, after;

	(void)state;
	put(&example);
	assert_int_equal(stat(path, &before), 0);
	calls.log[0] = '\0';
	put(&example);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_string_equal(calls.log, "sync directory");
	write_file(path, "damaged");
	put(&example);
	assert_stands(&example);
	free(path);
}

static void continues_after_signals_and_short_writes(void **state)
{
	(void)state;
	calls.short_writes = true;
	put(&example);
	assert_true(calls.writes > 20);
	assert_stands(&example);
}

static void assert_write_fails(int err)
{
	const struct ledger_entry done = other();

	why.text[0] = '\0';
	assert_int_equal(ledger_write(dir, &done, &why), -err);
	assert_contains(why.text, dir);
	assert_contains(why.text, "/" DEVICE);
	assert_contains(why.text, strerror(err));
}

static void keeps_the_old_entry_if_a_call_fails(void **state)
{
	static const char *const failing[] = {"write", "sync file", "rename"};

	(void)state;
	put(&example);
	for (size_t i = 0; i < COUNT_OF(failing); i++) {
		calls.fail = failing[i];
		assert_write_fails(EIO);
		calls.fail = NULL;
		assert_int_equal(files_in(dir), 1);
		assert_stands(&example);
	}
	calls.fail = "sync directory";
	assert_write_fails(EIO);
	assert_int_equal(files_in(dir), 1);
}

static void keeps_the_old_entry_on_a_full_disk(void **state)
{
	struct rlimit old, small;

	(void)state;
	put(&example);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	for (rlim_t bytes = 0; bytes < 200; bytes += 50) {
		small = (struct rlimit){bytes, old.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		assert_write_fails(EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(files_in(dir), 1);
		assert_stands(&example);
	}
	signal(SIGXFSZ, SIG_DFL);
}

/* In a child that is not root. */
static int write_to_a_read_only_directory(void)
{
	const struct ledger_entry done = other();
	int n = 0;

	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return 1;
	if (ledger_write(dir, &example, &why) != 0 || chmod(dir, 0500) < 0)
		return 2;
	if (ledger_write(dir, &done, &why) != -EACCES || !strstr(why.text, dir))
		return 3;
	if (ledger_prune(dir, all_gone, &n, &why) != -EACCES)
		return 4;
	if (ledger_read(dir, DEVICE, &got, &why) != 1 || got.state != LEDGER_INTENDED)
		return 5;
	return chmod(dir, 0700) < 0 ? 6 : 0;
}

static void keeps_the_old_entry_in_a_read_only_directory(void **state)
{
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(chmod(parent, 0777), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(write_to_a_read_only_directory());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(files_in(dir), 1);
}

/* --- what others put there ------------------------------------------------------------------- */

static void needs_a_directory_of_its_own(void **state)
{
	char *target = path_in(parent, "target");
	int n = 0;

	(void)state;
	write_file(dir, "");
	assert_write_fails(ENOTDIR);
	assert_int_equal(ledger_read(dir, DEVICE, &got, &why), -ENOTDIR);
	assert_contains(why.text, dir);
	assert_int_equal(unlink(dir), 0);
	put(&example);
	assert_int_equal(rename(dir, target), 0);
	assert_int_equal(symlink(target, dir), 0);
	assert_write_fails(ENOTDIR);
	assert_int_equal(ledger_read(dir, DEVICE, &got, &why), -ENOTDIR);
	assert_int_equal(ledger_prune(dir, all_gone, &n, &why), -ENOTDIR);
	assert_contains(why.text, dir);
	assert_int_equal(n, 0);
	assert_untouched();
	assert_int_equal(unlink(dir), 0);
	assert_int_equal(rename(target, dir), 0);
	assert_stands(&example);
	free(target);
}

static void assert_directory_is_refused(void)
{
	int n = 0;

	assert_int_equal(ledger_write(dir, &example, &why), -EPERM);
	assert_contains(why.text, dir);
	assert_int_equal(ledger_read(dir, DEVICE, &got, &why), -EPERM);
	assert_contains(why.text, dir);
	assert_int_equal(ledger_prune(dir, all_gone, &n, &why), -EPERM);
	assert_int_equal(n, 0);
}

static void refuses_the_directory_of_another_user(void **state)
{
	(void)state;
	put(&example);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_stands(&example);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(dir, NOBODY, 0), 0);
	assert_directory_is_refused();
}

static void assert_damaged(void)
{
	memset(&got, 0x5a, sizeof(got));
	why.text[0] = '\0';
	assert_int_equal(ledger_read(dir, DEVICE, &got, &why), -EINVAL);
	assert_contains(why.text, dir);
	assert_contains(why.text, "/" DEVICE);
	assert_untouched();
}

static void ignores_entries_of_other_users(void **state)
{
	char *path = path_in(dir, DEVICE), *target = path_in(parent, "target");
	char text[LEDGER_MAX_BYTES];

	(void)state;
	put(&example);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(ledger_read(dir, DEVICE, &got, &why), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_damaged();
	put(&example); /* in place of the link, not through it */
	assert_int_equal(unlink(target), 0);
	assert_stands(&example);
	assert_int_equal(chmod(path, 0620), 0);
	assert_damaged();
	assert_int_equal(chmod(path, 0602), 0);
	assert_damaged();
	put(&example);
	assert_stands(&example);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, NOBODY, 0), 0);
		assert_damaged();
		put(&example);
		assert_stands(&example);
	}
	ledger_format(&example, text);
	assert_int_equal(unlink(path), 0);
	write_in(dir, "another", text);
	assert_int_equal(ledger_read(dir, "another", &got, &why), -EINVAL);
	assert_contains(why.text, DEVICE);
	free(target);
	free(path);
}

static void survives_files_that_are_not_entries(void **state)
{
	char *path = path_in(dir, DEVICE), *text = calloc(1, 100001);

	int n = 0;

	(void)state;
	assert_int_equal(ledger_read(dir, DEVICE, &got, &why), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_damaged();
	assert_int_equal(unlink(path), 0);
	write_file(path, "");
	assert_damaged();
	memset(text, 'x', 100000);
	write_file(path, text);
	assert_damaged();
	put(&example);
	assert_stands(&example);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_damaged();
	assert_write_fails(EISDIR);
	assert_int_equal(files_in(dir), 1);
	assert_int_equal(ledger_prune(dir, all_gone, &n, &why), 0);
	assert_int_equal(n, 0);
	free(text);
	free(path);
}

static void is_not_misled_by_leftovers(void **state)
{
	char *victim = path_in(parent, "victim"), *path = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(dir, 0700), 0);
	write_file(victim, "precious");
	assert_true(asprintf(&path, "%s/.%s.%d.new", dir, DEVICE, getpid()) > 0);
	assert_int_equal(symlink(victim, path), 0);
	put(&example);
	assert_stands(&example);
	assert_int_equal(files_in(dir), 1);
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 8);
	free(path);
	free(victim);
}

/* --- all of them ----------------------------------------------------------------------------- */

static void removes_the_entry_and_its_leftovers_only(void **state)
{
	static const char *const others[] = {DEVICE ".5",	   "." DEVICE ".5.7.new",
					     "." DEVICE ".new",	   "." DEVICE ".7.new2",
					     "." DEVICE "5.7.new", "." DEVICE "..new",
					     "." DEVICE ".7x.new"};

	int n = 0;

	(void)state;
	put(&example);
	write_in(dir, "." DEVICE ".7.new", "");
	write_in(dir, "." DEVICE ".4194304.new", "half");
	for (size_t i = 0; i < COUNT_OF(others); i++)
		write_in(dir, others[i], "");
	calls.log[0] = '\0';
	assert_int_equal(ledger_prune(dir, all_gone, &n, &why), 1);
	assert_int_equal(n, 1);
	assert_string_equal(calls.log, "sync directory");
	assert_int_equal(ledger_read(dir, DEVICE, &got, &why), 0);
	assert_int_equal(files_in(dir), COUNT_OF(others));
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		char *path = path_in(dir, others[i]);

		assert_int_equal(access(path, F_OK), 0);
		free(path);
	}
}

static bool odd_ones(const struct ledger_entry *entry, void *context)
{
	all_gone(entry, context);
	return strtoul(entry->device + 1, NULL, 10) % 2;
}

static void note(const struct ledger_entry *entry, void *context)
{
	assert_same(entry, &example);
	(*(int *)context)++;
}

static void visits_each_sound_entry(void **state)
{
	int seen = 0;

	(void)state;
	assert_int_equal(ledger_each(dir, note, &seen, &why), 0);
	put(&example);
	write_in(dir, ".hidden", "");
	write_in(dir, "a\nb", "");
	write_in(dir, "damaged", "sectors=1\n");
	assert_int_equal(ledger_each(dir, note, &seen, &why), 0);
	assert_int_equal(seen, 1);
}

/*
 * Its entries still belong to root. Reading leaves the permissions for doctor to report; writing
 * changes them.
 */
static void uses_sound_entries_in_a_directory_that_others_can_write(void **state)
{
	struct stat st;
	int seen = 0;

	(void)state;
	put(&example);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(ledger_each(dir, note, &seen, &why), 0);
	assert_int_equal(seen, 1);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0777);
	put(&example);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

static void prunes_entries_of_removed_devices(void **state)
{
	struct ledger_entry entry = example;
	int n = 0;

	(void)state;
	assert_int_equal(ledger_prune(dir, all_gone, &n, &why), 0);
	assert_int_equal(n, 0);
	for (int i = 0; i < 100; i++) {
		snprintf(entry.device, sizeof(entry.device), "d%d", i);
		put(&entry);
	}
	write_in(dir, ".hidden", "");
	write_in(dir, ".d1.7.new", "");
	write_in(dir, ".d2.7.new", "");
	write_in(dir, "damaged", "sectors=1\n");
	write_in(dir, "a\nb", "");
	assert_int_equal(ledger_prune(dir, odd_ones, &n, &why), 50);
	assert_int_equal(n, 100);
	assert_int_equal(ledger_read(dir, "d1", &got, &why), 0);
	assert_int_equal(ledger_read(dir, "d2", &got, &why), 1);
	assert_int_equal(files_in(dir), 50 + 5); /* "a\nb" has two lines */
}

static bool is_locked;

static bool try_lock(const struct ledger_entry *entry, void *context)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	is_locked = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return all_gone(entry, context);
}

static void keeps_writers_out_while_it_prunes(void **state)
{
	int n = 0;

	(void)state;
	put(&example);
	assert_int_equal(ledger_prune(dir, try_lock, &n, &why), 1);
	assert_true(is_locked);
	put(&example);
}

static void matches_only_if_everything_matches(void **state)
{
	uint8_t uuid[16];

	(void)state;
	memcpy(uuid, example.fs_uuid, 16);
	assert_true(ledger_matches(&example, DEVICE, example.pool, 17, uuid));
	assert_false(ledger_matches(&example, DEVICE "5", example.pool, 17, uuid));
	assert_false(ledger_matches(&example, "docker", example.pool, 17, uuid));
	assert_false(ledger_matches(&example, DEVICE, "docker-8:1-42-poo", 17, uuid));
	assert_false(ledger_matches(&example, DEVICE, example.pool, 18, uuid));
	/* No UUID could be read. */
	assert_true(ledger_matches(&example, DEVICE, example.pool, 17, NULL));
	assert_false(ledger_matches(&example, DEVICE "5", example.pool, 17, NULL));
	assert_false(ledger_matches(&example, DEVICE, "docker-8:1-42-poo", 17, NULL));
	assert_false(ledger_matches(&example, DEVICE, example.pool, 18, NULL));
	for (int i = 0; i < 16; i++) {
		uuid[i] ^= 1;
		assert_false(ledger_matches(&example, DEVICE, example.pool, 17, uuid));
		uuid[i] ^= 1;
	}
}

static void reads_the_boot_id(void **state)
{
	struct ledger_entry entry = example;
	char again[37];

	(void)state;
	assert_int_equal(ledger_boot_id(entry.boot_id), 0);
	assert_int_equal(ledger_boot_id(again), 0);
	assert_string_equal(entry.boot_id, again);
	assert_int_equal(strlen(again), 36);
	put(&entry);
	assert_stands(&entry);
}

static void is_always_complete_although_writers_are_killed(void **state)
{
	const struct ledger_entry done = other();
	unsigned int seed = 1, seen[2] = {0};
	int n = 0;

	(void)state;
	put(&example);
	for (int i = 0; i < 300 || !seen[0] || !seen[1]; i++) {
		start_writer(&done, &example);
		for (int reads = rand_r(&seed) % 100; reads >= 0; reads--) {
			assert_int_equal(ledger_read(dir, DEVICE, &got, &why), 1);
			assert_same(&got, got.state == LEDGER_DONE ? &done : &example);
			usleep((useconds_t)rand_r(&seed) % 50);
		}
		kill_writer();
		assert_int_equal(ledger_read(dir, DEVICE, &got, &why), 1);
		assert_same(&got, got.state == LEDGER_DONE ? &done : &example);
		seen[got.state]++;
	}
	assert_int_equal(ledger_prune(dir, all_gone, &n, &why), 1);
	assert_int_equal(n, 1);
	assert_int_equal(files_in(dir), 0);
}

#define LEDGER_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(writes_the_documented_format),
		LEDGER_TEST(reads_what_it_wrote),
		LEDGER_TEST(reads_source_time_and_first_size),
		LEDGER_TEST(an_entry_without_the_optional_lines_is_sound),
		LEDGER_TEST(reads_that_a_device_was_given_to_a_vm),
		LEDGER_TEST(reads_where_a_growth_paused),
		LEDGER_TEST(the_uuid_is_not_compared_for_a_device_of_a_vm),
		LEDGER_TEST(refuses_every_truncation_and_flip),
		LEDGER_TEST(refuses_other_lines_with_a_valid_checksum),
		LEDGER_TEST(refuses_to_format_invalid_entries),
		LEDGER_TEST(refuses_hostile_names),
		LEDGER_TEST(makes_directories_and_file),
		LEDGER_TEST(replaces_in_the_right_order),
		LEDGER_TEST(does_not_rewrite_an_unchanged_entry),
		LEDGER_TEST(continues_after_signals_and_short_writes),
		LEDGER_TEST(keeps_the_old_entry_if_a_call_fails),
		LEDGER_TEST(keeps_the_old_entry_on_a_full_disk),
		LEDGER_TEST(keeps_the_old_entry_in_a_read_only_directory),
		LEDGER_TEST(needs_a_directory_of_its_own),
		LEDGER_TEST(refuses_the_directory_of_another_user),
		LEDGER_TEST(ignores_entries_of_other_users),
		LEDGER_TEST(survives_files_that_are_not_entries),
		LEDGER_TEST(is_not_misled_by_leftovers),
		LEDGER_TEST(removes_the_entry_and_its_leftovers_only),
		LEDGER_TEST(visits_each_sound_entry),
		LEDGER_TEST(uses_sound_entries_in_a_directory_that_others_can_write),
		LEDGER_TEST(prunes_entries_of_removed_devices),
		LEDGER_TEST(keeps_writers_out_while_it_prunes),
		LEDGER_TEST(matches_only_if_everything_matches),
		LEDGER_TEST(reads_the_boot_id),
		LEDGER_TEST(is_always_complete_although_writers_are_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
