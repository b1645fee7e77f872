/* The options of a command as a table: reading them, and printing the help from the same
 * table. "--name VALUE", "--name=VALUE", "--flag"; "--" ends the options; "-" is an operand. */
#ifndef VG_CLI_OPTIONS_H
#define VG_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

/* One option. `value` is set to its argument (borrowed from argv); for a flag `argument` and
 * `value` are NULL and *flag is set. */
struct vg_option {
    const char *name;     /* without the dashes */
    const char *argument; /* what stands for it in the help ("FILE"), NULL: a flag */
    const char *help;     /* msgid */
    const char **value;
    bool *flag;
};

struct vg_usage {
    const char *command;  /* "batch" */
    const char *operands; /* "CLIP...", "" if none */
    const char *summary;  /* msgid, one line */
    const struct vg_option *options;
    size_t option_count;
};

#define VG_OPERANDS_MAX 4096

/* argv[0] is the command's name. Operands are moved to the front of argv + 1, in order, and
 * counted. --help prints the help and returns VG_E_END. VG_E_CALL: an unknown option or a
 * missing argument, named in fault. */
enum vg_status vg_options_read(const struct vg_usage *usage, int argc, char **argv,
                               int *operand_count, struct vg_fault *fault) VG_MUST_USE;

/* VG_E_CALL: fewer operands than least, or more than most. */
enum vg_status vg_options_operands(const struct vg_usage *usage, int count, int least, int most,
                                   struct vg_fault *fault) VG_MUST_USE;

void vg_options_help(const struct vg_usage *usage);

/* Reads a decimal number of [least, most] given to --name; VG_E_CALL names the option. */
enum vg_status vg_option_number(const char *name, const char *text, double least, double most,
                                double *value, struct vg_fault *fault) VG_MUST_USE;

/* Likewise of what is counted: a number with decimals is refused. */
enum vg_status vg_option_count(const char *name, const char *text, double least, double most,
                               double *value, struct vg_fault *fault) VG_MUST_USE;

/* "WxH" */
enum vg_status vg_option_size(const char *name, const char *text, unsigned *width, unsigned *height,
                              struct vg_fault *fault) VG_MUST_USE;

/* Prints the fault and gives its exit code; VG_OK gives 0, and VG_E_END (help shown) too. */
int vg_command_exit(enum vg_status status, const struct vg_fault *fault);

#endif
