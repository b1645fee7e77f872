/* vigie stop, vigie resume: writes DATA/stop.json, which ingest and analysis read by themselves.
 * Nothing else has to be alive. The audit row comes after, where there is a database to write it
 * to: stopping never waits for it. */
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/folders.h"
#include "src/base/stop.h"
#include "src/base/text.h"
#include "src/cli/commands.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/scene/scene.h"
#include "src/store/audit.h"
#include "src/store/config.h"

enum wish {
    WISH_STOP,
    WISH_RESUME
};

struct request {
    enum wish wish;
    const char *data, *flux, *event;
    bool json;
    char folder[512];
};

static enum vg_status read_request(int argc, char **argv, struct request *request,
                                   struct vg_fault *fault)
{
    const struct vg_option options[] = {
        {"data", "DIR", N_("the data folder"), &request->data, NULL},
        {"flux", "ID", N_("only this flux"), &request->flux, NULL},
        {"event", "ID", N_("only this event, such as crossing"), &request->event, NULL},
        {"json", NULL, N_("print JSON"), NULL, &request->json},
    };
    const struct vg_usage usage = {
        .command = request->wish == WISH_STOP ? "stop" : "resume",
        .operands = "",
        .summary = request->wish == WISH_STOP
                       ? N_("stops the analysis within 2 seconds, and after a restart as well")
                       : N_("takes up what was stopped as a whole, or one flux or event"),
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    int operands = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &operands, fault);
    if (status != VG_OK)
        return status;
    if (operands > 0)
        return vg_fault_set(fault, VG_E_CALL, N_("this command takes no operand"),
                            N_("use --flux ID or --event ID for a part"), "vigie %s %s",
                            usage.command, argv[1]);
    if (request->flux && !vg_flux_id_valid(request->flux))
        return vg_fault_set(fault, VG_E_CALL, N_("a flux cannot have this id"),
                            N_("an id has letters, digits, '.', '_' and '-' only"), "--flux %s",
                            request->flux);
    if (request->event && vg_event_parse(request->event) == VG_EVENT_NONE)
        return vg_fault_set(fault, VG_E_CALL, N_("there is no such event"),
                            N_("use its id, such as crossing, wrong_way or density"), "--event %s",
                            request->event);
    if (!request->data) {
        status = vg_folder_path(VG_FOLDER_DATA, request->folder, sizeof request->folder);
        request->data = request->folder;
        if (status != VG_OK)
            return vg_fault_set(fault, status, N_("no data folder is known"),
                                N_("give it by --data DIR"), "VIGIE_DATA");
    }
    return VG_OK;
}

/* Puts the wish into the file. *stop: what is stopped then. */
static enum vg_status change_locked(const struct request *request, struct vg_stop *stop,
                                    struct vg_fault *fault)
{
    const bool stopping = request->wish == WISH_STOP;
    const bool whole = !request->flux && !request->event;
    enum vg_status status = vg_stop_read(request->data, stop, fault);
    /* a broken file stops all; only stopping, or resuming all, may write over it */
    if (status != VG_OK && !stopping && !whole)
        return status;
    status = VG_OK;
    if (whole)
        stop->all = stopping;
    if (request->flux)
        status = vg_stop_list_set(&stop->flux, request->flux, stopping);
    if (status == VG_OK && request->event)
        status = vg_stop_list_set(&stop->events, request->event, stopping);
    if (status != VG_OK)
        return vg_fault_set(fault, status, N_("too many are stopped one by one"),
                            N_("stop all instead"), "%d", VG_STOP_NAMES_MAX);
    return vg_stop_write(request->data, stop, fault);
}

/* What cannot be written is the folder's fault: the file in it is nothing a person knows. */
static enum vg_status check_folder(const char *data, struct vg_fault *fault)
{
    const char *what = NULL;
    if (!vg_folder_exists(data))
        what = N_("there is no such data folder");
    else if (access(data, W_OK | X_OK) != 0)
        what = N_("the data folder cannot be written");
    return what ? vg_fault_set(fault, VG_E_LACK, what,
                               N_("check the folder and its rights, or name another by --data"),
                               "%s", data)
                : VG_OK;
}

static enum vg_status change_file(const struct request *request, struct vg_stop *stop,
                                  struct vg_fault *fault)
{
    const enum vg_status usable = check_folder(request->data, fault);
    if (usable != VG_OK)
        return usable;
    const int lock = vg_stop_lock(request->data);
    const enum vg_status status = change_locked(request, stop, fault);
    vg_stop_unlock(lock);
    return status;
}

static void print_list(const char *heading, const struct vg_stop_list *list)
{
    if (list->count == 0)
        return;
    (void)printf("%s", heading);
    for (size_t i = 0; i < list->count; i++)
        (void)printf(" %s", list->name[i]);
    (void)printf("\n");
}

static void print_state(const struct vg_stop *stop)
{
    if (stop->all)
        (void)printf("%s\n", _("all analysis is stopped"));
    print_list(_("stopped flux:"), &stop->flux);
    print_list(_("stopped events:"), &stop->events);
    if (!stop->all && stop->flux.count == 0 && stop->events.count == 0)
        (void)printf("%s\n", _("nothing is stopped"));
}

/* The audit row, and whether the flux exists: as far as a database can be reached. */
static enum vg_status note(const struct request *request, struct vg_fault *fault)
{
    struct vg_database *database = NULL;
    struct vg_flux_config flux;
    char object[160];
    const struct passwd *user = getpwuid(geteuid());
    (void)snprintf(object, sizeof object, "%s%.63s%s%s%.63s", request->flux ? "flux:" : "",
                   request->flux ? request->flux : "", request->flux && request->event ? " " : "",
                   request->event ? "event:" : "", request->event ? request->event : "");
    const struct vg_audit_entry entry = {.who = user ? user->pw_name : "?",
                                         .from = "cli",
                                         .what = request->wish == WISH_STOP ? "stop" : "resume",
                                         .object = object[0] ? object : "all",
                                         .result = "ok"};
    enum vg_status status = vg_database_open(&database, request->data, VG_DATABASE_EXISTING, fault);
    if (status == VG_E_MISSING)
        return VG_OK; /* no server was ever set up here */
    if (status == VG_OK)
        status = vg_audit_append(database, &entry, vg_wall_now(), fault);
    if (status != VG_OK) {
        (void)fprintf(stderr, "vigie: %s\n", _("done, but it could not be written to the audit:"));
        vg_fault_print(fault);
        status = VG_OK;
    } else if (request->flux && request->wish == WISH_STOP) {
        status = vg_config_flux_get(database, request->flux, &flux, fault);
        if (status == VG_E_MISSING)
            status = vg_fault_set(
                fault, VG_E_MISSING, N_("noted as stopped, but no flux has this id"),
                N_("check the id: the one meant may still be analysed"), "%s", request->flux);
        else
            status = VG_OK;
    }
    vg_database_close(&database);
    return status;
}

static int run(enum wish wish, int argc, char **argv)
{
    struct request request = {.wish = wish};
    struct vg_fault fault = {.status = VG_OK};
    struct vg_stop stop;
    enum vg_status status = read_request(argc, argv, &request, &fault);
    if (status == VG_OK)
        status = change_file(&request, &stop, &fault);
    if (status == VG_OK && request.json)
        status = vg_print_json(vg_stop_json(&stop), &fault);
    else if (status == VG_OK)
        print_state(&stop);
    if (status == VG_OK) {
        (void)fflush(stdout);
        status = note(&request, &fault); /* an unknown flux: stopped all the same, and said */
    }
    return vg_command_exit(status, &fault);
}

int vg_cmd_stop(int argc, char **argv)
{
    return run(WISH_STOP, argc, argv);
}

int vg_cmd_resume(int argc, char **argv)
{
    return run(WISH_RESUME, argc, argv);
}
