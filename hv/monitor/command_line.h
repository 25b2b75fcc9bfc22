/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of the monitor taken apart: words, names that were meant, names that could follow. Pure; for monitor/monitor.c, commands.c, the tests and the
 * fuzzer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_WORDS 8U
#define COMMAND_TEXT 240U

struct command_line {
    unsigned count; /* of words; COMMAND_WORDS + 1: too many */
    const char *words[COMMAND_WORDS];
    char text[COMMAND_TEXT + 1U];
};

/* Words are what stands between blanks. line: at most COMMAND_TEXT characters. */
void command_line_split(struct command_line *command, const char *line);
/*
 * True: option (as "-f") is one of the words behind the first, and is taken out; with value, so is the word behind it (NULL: there is none).
 */
bool command_line_take(struct command_line *command, const char *option, const char **value);

/* A list of names: the n-th, or NULL behind the last. */
typedef const char *(*name_list)(unsigned index);

#define NAME_NONE (~0U)

/* Where name stands in the list, or NAME_NONE. */
unsigned name_index(name_list names, const char *name);

/* The name of the list that is nearest to word, if few letters differ; else NULL. */
const char *name_nearest(name_list names, const char *word);
/*
 * How word (size characters) can go on: the number of names that begin with it; *rest and *rest_size: what they all have in common behind it.
 */
unsigned name_complete(name_list names, const char *word, size_t size, const char **rest, size_t *rest_size);
