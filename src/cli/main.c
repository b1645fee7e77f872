/* vigie COMMAND [options]: the table of commands. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/fault.h"
#include "src/base/log.h"
#include "src/base/text.h"
#include "src/base/version.h"
#include "src/cli/commands.h"

static const struct row {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary; /* NULL: not shown in the help */
} rows[] = {
    {"serve", vg_cmd_serve, N_("run the server")},
    {"batch", vg_cmd_batch, N_("analyse recorded clips as fast as possible")},
    {"score", vg_cmd_score, N_("compare results with a truth")},
    {"bench", vg_cmd_bench, N_("measure this machine")},
    {"model", vg_cmd_model, N_("import, check and try detectors")},
    {"device", vg_cmd_device, N_("list and test the OpenCL devices")},
    {"scene", vg_cmd_scene, N_("check, explain and draw a scene")},
    {"stop", vg_cmd_stop, N_("stop the analysis, whole, of a flux or of an event")},
    {"resume", vg_cmd_resume, N_("take the analysis up again")},
    {"admin", vg_cmd_admin, N_("accounts, audit, backups")},
    {"child", vg_cmd_child, NULL},
};

static const struct row *find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static void help(void)
{
    (void)printf("%s\n\n", _("vigie COMMAND [options]: video analysis for public safety"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].summary)
            (void)printf("  %-8s %s\n", rows[i].name, _(rows[i].summary));
    (void)printf("\n%s\n", _("vigie help COMMAND tells more; --lang fr|en chooses the language."));
}

static int help_of(const char *name)
{
    const struct row *row = find(name);
    char command[32];
    if (!row)
        return vg_status_exit(VG_E_CALL);
    (void)snprintf(command, sizeof command, "%s", name);
    char option[] = "--help";
    char *argv[] = {command, option, NULL};
    return row->run(2, argv);
}

/* Takes "--lang X" or "--lang=X" before the command; returns how many words it took. */
static int take_language(int argc, char **argv, const char **language)
{
    if (argc > 2 && strcmp(argv[1], "--lang") == 0) {
        *language = argv[2];
        return 2;
    }
    if (argc > 1 && strncmp(argv[1], "--lang=", 7) == 0) {
        *language = argv[1] + 7;
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *language = NULL;
    const int taken = take_language(argc, argv, &language);
    if (language)
        (void)setenv("VIGIE_LANG", language, 1); /* the children inherit it */
    (void)vg_text_init(language);
    vg_log_init("vigie");
    (void)signal(SIGPIPE, SIG_IGN);
    argc -= taken;
    argv += taken;
    const char *name = argc > 1 ? argv[1] : "help";
    if (strcmp(name, "--version") == 0) {
        (void)printf("vigie %s\n", vg_version());
        return 0;
    }
    if (strcmp(name, "help") == 0 && argc > 2)
        return help_of(argv[2]);
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0) {
        help();
        return argc > 1 ? 0 : vg_status_exit(VG_E_CALL);
    }
    const struct row *row = find(name);
    if (row)
        return row->run(argc - 1, argv + 1);
    struct vg_fault fault;
    const enum vg_status status =
        vg_fault_set(&fault, VG_E_CALL, N_("unknown command"), N_("see vigie help"), "%s", name);
    vg_fault_print(&fault);
    return vg_status_exit(status);
}
