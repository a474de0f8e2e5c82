/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs a target without libFuzzer: every file of a corpus, then random mutations of them.
 * Usage: fuzz-x SECONDS CORPUS [FIRST_ROUND]
 *
 * A round's input depends on the corpus and the round's number only: to repeat a failure, pass its
 * number as FIRST_ROUND.
 */
#include "fuzz.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_FILES 256
#define MAX_BYTES 16384

static struct input {
	uint8_t bytes[MAX_BYTES];
	size_t len;
} files[MAX_FILES];

static int file_count;
static uint64_t round_number, random_state;

static void tell_round(int signal_number)
{
	fprintf(stderr, "failed in round %" PRIu64 "\n", round_number);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static uint32_t any(size_t below)
{
	random_state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
	uint64_t x = random_state;

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((x ^ x >> 31) % below);
}

static void mutate(struct input *input)
{
	static const uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xff, '"', '{', '[', '\n', '\\', '-'};
	const struct input *other = &files[any((size_t)file_count)];
	size_t at = input->len ? any(input->len) : 0, n = 1 + any(8);

	switch (any(6)) {
	case 0:
		if (input->len)
			input->bytes[at] ^= (uint8_t)(1 << any(8));
		break;
	case 1:
		if (input->len)
			input->bytes[at] = (uint8_t)any(256);
		break;
	case 2:
		for (; n-- && at < input->len; at++)
			input->bytes[at] = telling[any(sizeof(telling))];
		break;
	case 3: /* truncate */
		input->len = any(4) ? input->len : at;
		break;
	case 4: /* insert a copy */
		n = n < input->len - at ? n : input->len - at;
		n = n < MAX_BYTES - input->len ? n : MAX_BYTES - input->len;
		memmove(input->bytes + at + n, input->bytes + at, input->len - at);
		input->len += n;
		break;
	default: /* from another file */
		for (; n-- && at < input->len && at < other->len; at++)
			input->bytes[at] = other->bytes[at];
	}
}

/* In a buffer of its own, so that sanitizers detect a read beyond its end. */
static void run(const struct input *input)
{
	uint8_t *copy = malloc(input->len ? input->len : 1);

	require(copy != NULL);
	memcpy(copy, input->bytes, input->len);
	LLVMFuzzerTestOneInput(copy, input->len);
	free(copy);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void load(const char *corpus)
{
	struct dirent **names;
	int count = scandir(corpus, &names, NULL, by_name);

	require(count >= 0 && chdir(corpus) == 0);
	for (int i = 0; i < count; i++) {
		FILE *file = names[i]->d_name[0] == '.' ? NULL : fopen(names[i]->d_name, "re");

		if (file && file_count < MAX_FILES) {
			struct input *input = &files[file_count++];

			input->len = fread(input->bytes, 1, MAX_BYTES, file);
		}
		if (file)
			fclose(file);
		free(names[i]);
	}
	free(names);
	require(file_count > 0);
}

int main(int argc, char **argv)
{
	static struct input input;
	uint64_t first;
	time_t end;

	if (argc < 3) {
		fprintf(stderr, "usage: %s SECONDS CORPUS [FIRST_ROUND]\n", argv[0]);
		return 2;
	}
	end = time(NULL) + strtol(argv[1], NULL, 10);
	first = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	load(argv[2]);
	signal(SIGABRT, tell_round);
	for (round_number = first; time(NULL) < end || round_number == first; round_number++) {
		random_state = round_number << 20;
		if (round_number < (uint64_t)file_count) {
			run(&files[round_number]);
			continue;
		}
		input = files[any((size_t)file_count)];
		for (uint32_t n = 1 + any(6); n > 0; n--)
			mutate(&input);
		run(&input);
	}
	printf("%" PRIu64 " executions\n", round_number - first);
	return 0;
}
