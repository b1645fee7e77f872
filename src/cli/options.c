#include "src/cli/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/text.h"

static const struct vg_option *find(const struct vg_usage *usage, const char *name, size_t size)
{
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct vg_option *o = &usage->options[i];
        if (strlen(o->name) == size && strncmp(o->name, name, size) == 0)
            return o;
    }
    return NULL;
}

static enum vg_status read_option(const struct vg_usage *usage, int argc, char **argv, int *i,
                                  struct vg_fault *fault)
{
    const char *name = argv[*i] + 2;
    const char *equal = strchr(name, '=');
    const size_t size = equal ? (size_t)(equal - name) : strlen(name);
    const struct vg_option *option = find(usage, name, size);
    if (!option)
        return vg_fault_set(fault, VG_E_CALL, N_("unknown option"), N_("see vigie help"),
                            "vigie %s %s", usage->command, argv[*i]);
    if (!option->argument) {
        if (equal)
            return vg_fault_set(fault, VG_E_CALL, N_("this option takes no value"),
                                N_("write the option alone"), "%s", argv[*i]);
        *option->flag = true;
        return VG_OK;
    }
    if (equal) {
        *option->value = equal + 1;
        return VG_OK;
    }
    if (*i + 1 >= argc)
        return vg_fault_set(fault, VG_E_CALL, N_("this option wants a value"),
                            N_("write it after the option"), "--%s %s", option->name,
                            option->argument);
    *option->value = argv[++*i];
    return VG_OK;
}

enum vg_status vg_options_read(const struct vg_usage *usage, int argc, char **argv,
                               int *operand_count, struct vg_fault *fault)
{
    int count = 0;
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        if (ended || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[1 + count++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (strcmp(argv[i], "--help") == 0) {
            vg_options_help(usage);
            return VG_E_END;
        } else if (argv[i][1] != '-') {
            return vg_fault_set(fault, VG_E_CALL, N_("unknown option"), N_("see vigie help"),
                                "vigie %s %s", usage->command, argv[i]);
        } else {
            const enum vg_status status = read_option(usage, argc, argv, &i, fault);
            if (status)
                return status;
        }
    }
    *operand_count = count;
    return VG_OK;
}

enum vg_status vg_options_operands(const struct vg_usage *usage, int count, int least, int most,
                                   struct vg_fault *fault)
{
    if (count >= least && count <= most)
        return VG_OK;
    return vg_fault_set(fault, VG_E_CALL, N_("wrong number of arguments"), N_("see vigie help"),
                        "vigie %s%s%s", usage->command, usage->operands[0] ? " " : "",
                        usage->operands);
}

/* Of the longest option with its argument; a table of short ones keeps to that of the others. */
static int left_width(const struct vg_usage *usage)
{
    size_t width = 24;
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct vg_option *o = &usage->options[i];
        const size_t own = strlen("-- ") + strlen(o->name) + strlen(o->argument ? o->argument : "");
        width = own > width ? own : width;
    }
    return (int)width;
}

void vg_options_help(const struct vg_usage *usage)
{
    const int width = left_width(usage);
    (void)printf("vigie %s%s%s%s%s\n  %s\n", usage->command, usage->option_count ? " " : "",
                 usage->option_count ? _("[options]") : "", usage->operands[0] ? " " : "",
                 usage->operands, _(usage->summary));
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct vg_option *o = &usage->options[i];
        char left[64];
        (void)snprintf(left, sizeof left, "--%s %s", o->name, o->argument ? o->argument : "");
        (void)printf("  %-*s %s\n", width, left, _(o->help));
    }
}

enum vg_status vg_option_number(const char *name, const char *text, double least, double most,
                                double *value, struct vg_fault *fault)
{
    char *end;
    errno = 0;
    const double v = strtod(text, &end);
    if (end == text || *end || isnan(v))
        return vg_fault_set(
            fault, VG_E_CALL, N_("this is not a number"),
            N_("give one between those in brackets, with a point before its decimals"),
            "--%s %s (%g..%g)", name, text, least, most);
    if (errno || v < least || v > most)
        return vg_fault_set(fault, VG_E_CALL, N_("the number is out of range"),
                            N_("give one between those in brackets, both included"),
                            "--%s %s (%g..%g)", name, text, least, most);
    *value = v;
    return VG_OK;
}

enum vg_status vg_option_count(const char *name, const char *text, double least, double most,
                               double *value, struct vg_fault *fault)
{
    double v = 0;
    const enum vg_status status = vg_option_number(name, text, least, most, &v, fault);
    if (status)
        return status;
    if (floor(v) < v)
        return vg_fault_set(fault, VG_E_CALL, N_("this is not a whole number"),
                            N_("give one between those in brackets, without decimals"),
                            "--%s %s (%g..%g)", name, text, least, most);
    *value = v;
    return VG_OK;
}

enum vg_status vg_option_size(const char *name, const char *text, unsigned *width, unsigned *height,
                              struct vg_fault *fault)
{
    char *end = NULL;
    const unsigned long w = strtoul(text, &end, 10);
    const unsigned long h = *end == 'x' ? strtoul(end + 1, &end, 10) : 0;
    if (*end || w < 1 || h < 1 || w > 16384 || h > 16384)
        return vg_fault_set(fault, VG_E_CALL, N_("a size such as 416x416 was expected"),
                            N_("give width and height in pixels, each from 1 to 16384"), "--%s %s",
                            name, text);
    *width = (unsigned)w;
    *height = (unsigned)h;
    return VG_OK;
}

int vg_command_exit(enum vg_status status, const struct vg_fault *fault)
{
    if (status == VG_OK || status == VG_E_END)
        return 0;
    vg_fault_print(fault);
    return vg_status_exit(status);
}
