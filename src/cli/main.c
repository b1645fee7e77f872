/* vigie COMMAND [options]: the table of commands. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/fault.h"
#include "src/base/json_wipe.h"
#include "src/base/log.h"
#include "src/base/text.h"
#include "src/base/version.h"
#include "src/cli/commands.h"

static const struct row {
    const char *name;
    int (*run)(int argc, char **argv); /* NULL: not yet */
    const char *summary;               /* NULL: not shown in the help */
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
    {"probe", vg_cmd_probe, N_("say what a source is and whether it can be analysed")},
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

static int refuse(const char *what, const char *remedy, const char *place)
{
    struct vg_fault fault;
    const enum vg_status status = vg_fault_set(&fault, VG_E_CALL, what, remedy, "%.200s", place);
    vg_fault_print(&fault);
    return vg_status_exit(status);
}

/* The row of a command that can be run; NULL after its refusal, *code then says it. */
static const struct row *choose(const char *name, int *code)
{
    const struct row *row = find(name);
    if (!row)
        *code = refuse(N_("unknown command"), N_("see vigie help"), name);
    else if (!row->run)
        *code = refuse(N_("not available yet"), N_("see vigie help for what there is"), name);
    return row && row->run ? row : NULL;
}

static int help_of(const char *name)
{
    int code = 0;
    const struct row *row = choose(name, &code);
    char command[32];
    if (!row)
        return code;
    (void)snprintf(command, sizeof command, "%s", name);
    char option[] = "--help";
    char *argv[] = {command, option, NULL};
    return row->run(2, argv);
}

/* Takes "--lang X" and "--lang=X" out of argv, wherever they stand before "--". Returns the last
 * one given, "" when its value is missing, NULL when there is none. */
static const char *take_language(int *argc, char **argv)
{
    const char *language = NULL;
    int kept = 1;
    bool ended = false;
    for (int i = 1; i < *argc; i++) {
        ended = ended || strcmp(argv[i], "--") == 0;
        if (!ended && strncmp(argv[i], "--lang=", 7) == 0)
            language = argv[i] + 7;
        else if (ended || strcmp(argv[i], "--lang") != 0)
            argv[kept++] = argv[i];
        else
            language = i + 1 < *argc ? argv[++i] : "";
    }
    *argc = kept;
    argv[kept] = NULL;
    return language;
}

/* Sets the language of this process and its children; 0, or the exit code of a refusal. */
static int use_language(const char *language)
{
    const bool known = !language || strcmp(language, "fr") == 0 || strcmp(language, "en") == 0;
    (void)vg_text_init(known ? language : NULL);
    if (!known)
        return refuse(N_("the language is fr or en"), N_("write --lang fr or --lang en"),
                      *language ? language : "--lang");
    if (language)
        (void)setenv("VIGIE_LANG", language, 1);
    return 0;
}

/* The server's processes inherit VIGIE_LOG: it is said once, by the one a person started. */
static void doubt_log_level(const char *name)
{
    const char *level = vg_log_unknown_level();
    if (level && strcmp(name, "child") != 0)
        vg_log(VG_LOG_WARN, "VIGIE_LOG: no level \"%.40s\": error, warn, info or debug; info holds",
               level);
}

int main(int argc, char **argv)
{
    vg_log_init("vigie");
    (void)signal(SIGPIPE, SIG_IGN);
    vg_json_wipe_all();
    int code = use_language(take_language(&argc, argv));
    if (code != 0)
        return code;
    const char *name = argc > 1 ? argv[1] : "help";
    doubt_log_level(name);
    if (strcmp(name, "--version") == 0) {
        (void)printf("vigie %s\n", vg_version());
        return 0;
    }
    if (strcmp(name, "help") == 0 && argc > 2 && strcmp(argv[2], "--help") != 0)
        return help_of(argv[2]);
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0) {
        help();
        return argc > 1 ? 0 : vg_status_exit(VG_E_CALL);
    }
    const struct row *row = choose(name, &code);
    return row ? row->run(argc - 1, argv + 1) : code;
}
