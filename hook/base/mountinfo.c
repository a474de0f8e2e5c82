/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mountinfo.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Ends the next of the words that blanks separate, and returns it; NULL: there is no more. */
static char *next_word(char **rest)
{
	char *word = *rest, *end;

	if (!word || !*word)
		return NULL;
	end = strchr(word, ' ');
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return word;
}

static bool parse_number(const char **text, char after, unsigned int *ret)
{
	char *end;
	unsigned long n = strtoul(*text, &end, 10);

	if (end == *text || *end != after || n > INT_MAX)
		return false;
	*text = end + 1;
	*ret = (unsigned int)n;
	return true;
}

static int octal_at(const char *text)
{
	int n = 0;

	for (int i = 0; i < 3; i++) {
		if (text[i] < '0' || text[i] > '7')
			return -1;
		n = n * 8 + (text[i] - '0');
	}
	return n > 0 && n < 256 ? n : -1;
}

/* The kernel writes blanks and backslashes as \040. */
static char *unescape(char *text)
{
	char *in = strchr(text, '\\'), *out = in;

	while (in && *in) {
		int byte = *in == '\\' ? octal_at(in + 1) : -1;

		if (byte >= 0) {
			*out++ = (char)byte;
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	if (out)
		*out = '\0';
	return text;
}

/* "36 35 253:3 / /mnt rw,noatime shared:1 - ext4 /dev/mapper/x rw" */
static bool parse_line(char *line, struct mountinfo *ret)
{
	const char *id = next_word(&line), *parent = next_word(&line), *dev = next_word(&line);
	char *root = next_word(&line), *path = next_word(&line), *word, *source;
	unsigned int id_number, dev_major, dev_minor;

	if (!id || !parent || !dev || !parse_number(&id, '\0', &id_number) ||
	    !parse_number(&dev, ':', &dev_major) || !parse_number(&dev, '\0', &dev_minor))
		return false;
	do
		word = next_word(&line);
	while (word && strcmp(word, "-") != 0);
	ret->type = next_word(&line);
	source = next_word(&line);
	if (!source)
		return false;
	ret->id = (int)id_number;
	ret->dev = makedev(dev_major, dev_minor);
	ret->root = unescape(root);
	ret->path = unescape(path);
	ret->source = unescape(source);
	return true;
}

bool mountinfo_next(char **text, struct mountinfo *ret)
{
	while (**text) {
		char *line = *text, *end = line + strcspn(line, "\n");

		*text = *end ? end + 1 : end;
		*end = '\0';
		if (parse_line(line, ret))
			return true;
	}
	return false;
}
