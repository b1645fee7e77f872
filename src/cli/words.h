/* Commands of several words, such as `vigie model import`: a table, its help, its choice. */
#ifndef VG_CLI_WORDS_H
#define VG_CLI_WORDS_H

#include <jansson.h>
#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_word {
    const char *name;
    /* argv[0]: the word. NULL: promised, but this version does not have it yet: code 2. */
    enum vg_status (*run)(int argc, char **argv, struct vg_fault *fault);
    const char *summary; /* msgid; NULL with run NULL */
};

struct vg_words {
    const char *command; /* "model" */
    const char *summary; /* msgid */
    const struct vg_word *word;
    size_t count;
};

/* Runs the word that argv[1] names (argv[0] is the command) and gives the exit code; --help
 * prints the table. An unknown word: code 2. */
int vg_words_run(const struct vg_words *words, int argc, char **argv);

/* Prints an object as one line of JSON; taken. VG_E_MEMORY, also when object is NULL. */
enum vg_status vg_print_json(json_t *object, struct vg_fault *fault) VG_MUST_USE;

#endif
