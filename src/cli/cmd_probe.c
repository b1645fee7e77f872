/* vigie probe: what a source is and whether it can be analysed; one address, or a list as CSV. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/progress.h"
#include "src/base/text.h"
#include "src/cli/commands.h"
#include "src/cli/options.h"
#include "src/cli/probe_pool.h"
#include "src/cli/words.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    LIST_MAX = 1 << 20,
    SOURCES_MAX = 4096,
    PEM_MAX = 1 << 20
};

struct request {
    const char *target; /* address, or the path of a list */
    const char *seconds_text, *jobs_text, *transport_text, *user, *ca, *tls_name, *interface;
    const char *model, *device, *csv;
    bool as_json, no_persons, password_stdin;
    double seconds, jobs;
    enum vg_transport transport;
    char password[1026];
    char *ca_pem;
};

struct run {
    const struct request *request;
    struct vg_probe_job *job;
    size_t count, room;
    struct vg_probe_eye *eye;
    json_t *items;  /* with --json */
    FILE *csv;      /* with --csv */
    char *csv_text; /* of it, where it goes to a file; libc's */
    size_t csv_size;
    char separator;
    bool lost; /* a report did not come out whole */
    struct vg_progress progress;
    bool progress_shown;
};

/* ---- the jobs ---- */

/* Once, for all of them: they hold passwords, and a block that grows leaves copies behind. */
static enum vg_status make_jobs(struct run *run, size_t most, struct vg_fault *fault)
{
    run->room = most < SOURCES_MAX ? most : SOURCES_MAX;
    run->job = vg_alloc_array(run->room, sizeof *run->job);
    return run->job ? VG_OK : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "probe");
}

static size_t lines_of(const uint8_t *text, size_t size)
{
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines;
}

static enum vg_status take_list(struct run *run, const uint8_t *text, size_t size,
                                struct vg_source_list *list, struct vg_fault *fault)
{
    struct vg_source_row row;
    enum vg_status status = vg_source_list_begin(list, run->request->target, text, size, fault);
    run->separator = (char)list->reader.separator;
    if (!status)
        status = make_jobs(run, lines_of(text, size), fault);
    while (!status && (status = vg_source_list_next(list, &row)) == VG_OK) {
        if (run->count == run->room)
            status = vg_fault_set(fault, VG_E_INPUT, N_("too many sources"), N_("cut the list"),
                                  "%s:%u", run->request->target, list->reader.line);
        else
            run->job[run->count++].row = row;
    }
    explicit_bzero(&row, sizeof row);
    if (status == VG_E_END && run->count == 0)
        return vg_fault_set(fault, VG_E_INPUT, N_("the list is empty"),
                            N_("write a line for each source"), "%s", run->request->target);
    return status == VG_E_END ? VG_OK : status;
}

static enum vg_status read_list(struct run *run, struct vg_fault *fault)
{
    uint8_t *text = NULL;
    size_t size = 0;
    enum vg_status status = vg_file_read(run->request->target, LIST_MAX, &text, &size, fault);
    if (status)
        return status;
    struct vg_source_list *list = vg_alloc(sizeof *list);
    status = list ? take_list(run, text, size, list, fault)
                  : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "probe");
    explicit_bzero(text, size);
    vg_free(text);
    if (list)
        explicit_bzero(list, sizeof *list);
    vg_free(list);
    return status;
}

static enum vg_status one_source(struct run *run, struct vg_fault *fault)
{
    const struct request *r = run->request;
    const enum vg_status status = make_jobs(run, 1, fault);
    if (status)
        return status;
    struct vg_probe_job *job = &run->job[run->count++];
    /* the address is not repeated: it may lead to a camera, and logs are kept */
    (void)snprintf(job->row.id, sizeof job->row.id, "source");
    const struct {
        const char *name, *from;
        char *to;
        size_t size;
    } parts[] = {{"URL", r->target, job->row.url, sizeof job->row.url},
                 {"--user", r->user ? r->user : "", job->row.user, sizeof job->row.user},
                 {"--password-stdin", r->password, job->row.password, sizeof job->row.password}};
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (strlen(parts[i].from) >= parts[i].size)
            return vg_fault_set(fault, VG_E_CALL, N_("this argument is too long"), NULL, "%s",
                                parts[i].name);
        memcpy(parts[i].to, parts[i].from, strlen(parts[i].from) + 1);
    }
    return VG_OK;
}

static bool is_list(const char *target)
{
    const size_t length = strlen(target);
    return length > 4 && strcmp(target + length - 4, ".csv") == 0 && !strstr(target, "://");
}

static void drop_jobs(struct run *run)
{
    if (run->job)
        explicit_bzero(run->job, run->room * sizeof *run->job);
    vg_free(run->job);
}

/* ---- what comes out ---- */

static bool csv_alone(const struct request *request)
{
    return request->csv && strcmp(request->csv, "-") == 0;
}

static void tell(void *context, const struct vg_probe_report *report)
{
    struct run *run = context;
    if (run->items) {
        json_t *object = vg_probe_report_json(report);
        run->lost = json_array_append_new(run->items, object) != 0 || run->lost;
    } else if (!csv_alone(run->request)) {
        vg_probe_report_text(report, stdout);
    }
    if (run->csv)
        vg_probe_report_csv(report, run->csv, run->separator);
    (void)fflush(stdout);
}

static void show_progress(void *context, size_t told)
{
    struct run *run = context;
    if (run->progress_shown)
        vg_progress_show(&run->progress, _("sources probed"), told, run->count);
}

static enum vg_status open_outputs(struct run *run, struct vg_fault *fault)
{
    const struct request *r = run->request;
    vg_progress_init(&run->progress, stderr);
    run->progress.unit = VG_PROGRESS_SOURCES;
    /* on a terminal the reports themselves show how far it is */
    run->progress_shown = run->count > 1 && (r->as_json || r->csv || !isatty(STDOUT_FILENO));
    run->items = r->as_json ? json_array() : NULL;
    if (r->csv)
        run->csv = csv_alone(r) ? stdout : open_memstream(&run->csv_text, &run->csv_size);
    if ((r->as_json && !run->items) || (r->csv && !run->csv))
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "probe");
    if (run->csv)
        vg_probe_report_csv_head(run->csv, run->separator);
    /* a list takes minutes: whether it can be written is known before */
    return run->csv && !csv_alone(r) ? vg_file_write(r->csv, "", 0, 0644, VG_FILE_PLAIN, fault)
                                     : VG_OK;
}

/* How many of each verdict: what a person wants of a long list. */
static void sum_up(const struct run *run)
{
    size_t counts[VG_VERDICT_INCOMPATIBLE + 1] = {0};
    for (size_t i = 0; i < run->count; i++)
        counts[run->job[i].report.verdict.verdict]++;
    (void)printf(_("%zu sources: %zu can be analysed, %zu less well, %zu cannot\n"), run->count,
                 counts[VG_VERDICT_COMPATIBLE], counts[VG_VERDICT_DEGRADED],
                 counts[VG_VERDICT_INCOMPATIBLE]);
}

/* Of a file, that it holds all of them or none. */
static enum vg_status close_csv(struct run *run, enum vg_status status, struct vg_fault *fault)
{
    if (!run->csv || run->csv == stdout)
        return status;
    const bool whole = fclose(run->csv) == 0;
    if (!status && !whole)
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "probe");
    if (!status)
        status = vg_file_write(run->request->csv, run->csv_text, run->csv_size, 0644, VG_FILE_WHOLE,
                               fault);
    free(run->csv_text);
    return status;
}

static enum vg_status close_outputs(struct run *run, enum vg_status status, struct vg_fault *fault)
{
    if (run->progress_shown && run->progress.terminal)
        vg_progress_end(&run->progress, _("sources probed"), run->count, run->count);
    status = close_csv(run, status, fault);
    if (!status && run->lost)
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "probe");
    if (!status && run->items)
        status = vg_print_json(json_pack("{s:i, s:O}", "version", 1, "sources", run->items), fault);
    else if (!status && run->count > 1 && !csv_alone(run->request))
        sum_up(run);
    json_decref(run->items);
    return status;
}

/* ---- the run ---- */

/* Without a model, or a device, the rest is still worth knowing; one that was named must be there. */
static enum vg_status open_eye(struct run *run, struct vg_fault *fault)
{
    const struct request *r = run->request;
    if (r->no_persons)
        return VG_OK;
    const enum vg_status status =
        vg_probe_eye_open(&run->eye, r->model ? r->model : "nanodet-g", r->device, fault);
    if (!status || r->model || status == VG_E_MEMORY)
        return status;
    (void)fprintf(stderr, "vigie: %s\n",
                  _("no model is installed: the height of persons is not measured"));
    return VG_OK;
}

static struct vg_source_settings source_of(const struct request *request)
{
    struct vg_source_settings source = vg_source_defaults();
    source.kind = VG_SOURCE_LIVE;
    source.transport = request->transport;
    source.network.trust.ca_pem = request->ca_pem;
    source.network.trust.name = request->tls_name;
    source.network.interface = request->interface;
    return source;
}

static enum vg_status probe_jobs(struct run *run, struct vg_fault *fault)
{
    const struct vg_probe_pool_settings pool = {.job = run->job,
                                                .count = run->count,
                                                .threads = (uint32_t)run->request->jobs,
                                                .last_us = (int64_t)(run->request->seconds * 1e6),
                                                .source = source_of(run->request),
                                                .eye = run->eye,
                                                .tell = tell,
                                                .wait = show_progress,
                                                .context = run};
    enum vg_status status = open_outputs(run, fault);
    if (!status)
        status = vg_probe_pool_run(&pool, fault);
    return close_outputs(run, status, fault);
}

/* *refused: a single source that cannot be analysed. */
static enum vg_status probe_all(const struct request *request, bool *refused,
                                struct vg_fault *fault)
{
    struct run run = {.request = request, .separator = ','};
    const bool list = is_list(request->target);
    enum vg_status status = list ? read_list(&run, fault) : one_source(&run, fault);
    if (!status)
        status = open_eye(&run, fault);
    if (!status)
        status = probe_jobs(&run, fault);
    *refused = !status && !list && run.job[0].report.verdict.verdict == VG_VERDICT_INCOMPATIBLE;
    vg_probe_eye_close(&run.eye);
    drop_jobs(&run);
    return status;
}

/* ---- the call ---- */

static enum vg_status read_secrets(struct request *r, struct vg_fault *fault)
{
    size_t size = 0;
    uint8_t *pem = NULL;
    if (r->password_stdin) {
        const char *line = fgets(r->password, (int)sizeof r->password, stdin);
        if (!line)
            return vg_fault_set(fault, VG_E_INPUT, N_("no password could be read from stdin"),
                                N_("give it as one line"), "stdin");
        r->password[strcspn(r->password, "\r\n")] = '\0';
    }
    if (!r->ca)
        return VG_OK;
    const enum vg_status status = vg_file_read(r->ca, PEM_MAX, &pem, &size, fault);
    if (status)
        return status;
    r->ca_pem = vg_alloc(size + 1);
    if (r->ca_pem) {
        memcpy(r->ca_pem, pem, size);
        r->ca_pem[size] = '\0';
    }
    vg_free(pem);
    return r->ca_pem ? VG_OK
                     : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", r->ca);
}

static enum vg_status check(struct request *r, int operands, struct vg_fault *fault)
{
    if (operands != 1)
        return vg_fault_set(fault, VG_E_CALL, N_("wrong number of arguments"), N_("see vigie help"),
                            "vigie probe URL");
    if (vg_transport_parse(r->transport_text, &r->transport))
        return vg_fault_set(fault, VG_E_CALL, N_("not a transport"),
                            N_("write auto, tcp, udp or multicast"), "--transport %s",
                            r->transport_text);
    if (r->as_json && csv_alone(r))
        return vg_fault_set(fault, VG_E_CALL, N_("these two do not go together"),
                            N_("give --csv a file"), "--json --csv -");
    enum vg_status status =
        vg_option_number("seconds", r->seconds_text, 0.5, 3600, &r->seconds, fault);
    if (!status)
        status = vg_option_count("jobs", r->jobs_text, 1, VG_PROBE_JOBS_MAX, &r->jobs, fault);
    return status ? status : read_secrets(r, fault);
}

int vg_cmd_probe(int argc, char **argv)
{
    struct request r = {.seconds_text = "10", .jobs_text = "4", .transport_text = "auto"};
    struct vg_fault fault = {.status = VG_OK};
    const struct vg_option options[] = {
        {"seconds", "S", N_("how long each source is received; default 10"), &r.seconds_text, NULL},
        {"jobs", "N", N_("sources of a list that are probed at once; default 4"), &r.jobs_text,
         NULL},
        {"transport", "T", N_("auto, tcp, udp or multicast; default auto"), &r.transport_text,
         NULL},
        {"user", "NAME", N_("account of the source"), &r.user, NULL},
        {"password-stdin", NULL, N_("the password is the first line of stdin"), NULL,
         &r.password_stdin},
        {"ca", "FILE", N_("certificates of the authorities that are believed (PEM)"), &r.ca, NULL},
        {"tls-name", "NAME", N_("name that the certificate must be for; without it the address's"),
         &r.tls_name, NULL},
        {"interface", "NAME", N_("network interface to receive on"), &r.interface, NULL},
        {"model", "M", N_("detector that measures persons; default nanodet-g"), &r.model, NULL},
        {"no-persons", NULL, N_("the height of persons is not measured"), NULL, &r.no_persons},
        {"device", "D", N_("device to run on: number, cpu, gpu or a part of its name"), &r.device,
         NULL},
        {"csv", "FILE", N_("a line for each source, for a spreadsheet; - for stdout"), &r.csv,
         NULL},
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {"probe", "URL|LIST.csv",
                                   N_("say what a source is and whether it can be analysed"),
                                   options, COUNT(options)};
    int count = 0;
    bool refused = false;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, &fault);
    if (!status)
        status = check(&r, count, &fault);
    if (!status) {
        r.target = argv[1];
        status = probe_all(&r, &refused, &fault);
    }
    explicit_bzero(r.password, sizeof r.password);
    vg_free(r.ca_pem);
    return refused ? vg_status_exit(VG_E_INPUT) : vg_command_exit(status, &fault);
}
