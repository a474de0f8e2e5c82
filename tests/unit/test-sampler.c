/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sampler.h"

#include "unit.h"

#include <poll.h>
#include <sys/wait.h>

static struct sampler sampler;
static char *dir;

static int setup(void **state)
{
	(void)state;
	dir = new_directory();
	return sampler_start(&sampler);
}

static int teardown(void **state)
{
	pid_t pid = sampler.pid;

	(void)state;
	sampler_stop(&sampler);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	remove_directory(dir);
	return 0;
}

static struct question *add(const char *path, dev_t dev)
{
	struct question *question = sampler_add(&sampler);

	assert_non_null(question);
	question->dev = dev;
	question->has_inodes = true;
	snprintf(question->path, sizeof(question->path), "%s", path);
	return question;
}

static dev_t dev_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_dev;
}

static const struct question *answers(size_t n)
{
	struct pollfd fd = {.fd = sampler.fd, .events = POLLIN};
	const struct question *questions;
	size_t asked, answered;

	assert_int_equal(sampler_ask(&sampler, 1000), 0);
	assert_int_equal(poll(&fd, 1, -1), 1);
	assert_int_equal(sampler_finish(&sampler), 0);
	questions = sampler_answers(&sampler, &asked, &answered);
	assert_int_equal(asked, n);
	assert_int_equal(answered, n);
	return questions;
}

static void a_filesystem_is_sampled(void **state)
{
	const struct question *question;

	(void)state;
	add(dir, dev_of(dir));
	question = answers(1);
	assert_int_equal(question->error, 0);
	assert_true(question->sample.files > 0);
	assert_true(question->sample.total_bytes > 0);
	assert_true(question->sample.used_bytes <= question->sample.total_bytes);
	assert_true(question->sample.at_ms > 0);
}

/* XFS makes them when they are needed. */
static void inodes_are_taken_only_where_their_number_is_fixed(void **state)
{
	const struct question *question;

	(void)state;
	add(dir, dev_of(dir))->has_inodes = false;
	question = answers(1);
	assert_int_equal(question->error, 0);
	assert_int_equal(question->sample.files, 0);
}

static void what_is_gone_or_another_is_an_error(void **state)
{
	char *none = path_in(dir, "none"), *link = path_in(dir, "link");
	const struct question *questions;

	(void)state;
	assert_int_equal(symlink("/", link), 0);
	add(none, dev_of(dir));
	add(dir, dev_of(dir) + 1);
	add(link, dev_of("/"));
	questions = answers(3);
	assert_int_equal(questions[0].error, -ENOENT);
	assert_int_equal(questions[1].error, -ESTALE);
	assert_true(questions[2].error < 0);
	free(none);
	free(link);
}

static void it_answers_again_and_takes_a_limited_number(void **state)
{
	(void)state;
	add(dir, dev_of(dir));
	answers(1);
	sampler_clear(&sampler);
	for (int i = 0; i < SAMPLER_QUESTIONS; i++)
		add(dir, dev_of(dir));
	assert_null(sampler_add(&sampler));
	answers(SAMPLER_QUESTIONS);
}

static void one_that_does_not_answer_hangs(void **state)
{
	size_t asked, answered;

	(void)state;
	assert_int_equal(kill(sampler.pid, SIGSTOP), 0);
	assert_int_equal(waitpid(sampler.pid, NULL, WUNTRACED), sampler.pid);
	add(dir, dev_of(dir));
	assert_false(sampler_hangs(&sampler, 900000));
	assert_int_equal(sampler_ask(&sampler, 1000), 0);
	assert_false(sampler_hangs(&sampler, 1000 + SAMPLER_PATIENCE_MS - 1));
	assert_true(sampler_hangs(&sampler, 1000 + SAMPLER_PATIENCE_MS));
	sampler_answers(&sampler, &asked, &answered);
	assert_int_equal(asked, 1);
	assert_int_equal(answered, 0);
}

/* Many slow answers take longer than one may. */
static void one_that_makes_progress_does_not_hang(void **state)
{
	uint64_t late = 1000 + SAMPLER_PATIENCE_MS;

	(void)state;
	add(dir, dev_of(dir));
	assert_int_equal(sampler_ask(&sampler, 1000), 0);
	assert_int_equal(poll(&(struct pollfd){.fd = sampler.fd, .events = POLLIN}, 1, -1), 1);
	assert_false(sampler_hangs(&sampler, late));
	assert_false(sampler_hangs(&sampler, late + SAMPLER_PATIENCE_MS - 1));
	assert_true(sampler_hangs(&sampler, late + SAMPLER_PATIENCE_MS));
}

static void one_that_was_killed_is_noticed(void **state)
{
	struct pollfd fd = {.fd = sampler.fd, .events = POLLIN};

	(void)state;
	assert_int_equal(kill(sampler.pid, SIGKILL), 0);
	assert_int_equal(waitpid(sampler.pid, NULL, 0), sampler.pid);
	sampler.pid = 0;
	assert_int_equal(poll(&fd, 1, -1), 1);
	assert_true(sampler_finish(&sampler) < 0);
	add(dir, dev_of(dir));
	assert_true(sampler_ask(&sampler, 1000) < 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_filesystem_is_sampled),
		test(inodes_are_taken_only_where_their_number_is_fixed),
		test(what_is_gone_or_another_is_an_error),
		test(it_answers_again_and_takes_a_limited_number),
		test(one_that_does_not_answer_hangs),
		test(one_that_makes_progress_does_not_hang),
		test(one_that_was_killed_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
