/* vigie probe: what a source is and whether it can be analysed; one address, or a list as CSV. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/cli/cold_start.h"
#include "src/cli/commands.h"
#include "src/cli/look.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/media/probe_verdict.h"
#include "src/media/source_list.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    LIST_MAX = 1 << 20,
    PEM_MAX = 1 << 20,
    HEIGHTS_MAX = 4096
};

struct request {
    const char *target; /* address, or the path of a list */
    const char *seconds_text, *transport_text, *user, *ca, *tls_name, *interface, *model, *device;
    bool as_json, no_persons, password_stdin;
    double seconds;
    enum vg_transport transport;
    char password[1026];
    char *ca_pem;
};

/* The detector that measures persons; none: nobody looks. */
struct eye {
    struct vg_model *model;
    struct vg_look look;
    struct vg_answer *answer;
    struct vg_cold_start start;
    double height[HEIGHTS_MAX];
    uint32_t heights, looks;
    double scale; /* pixels of the net's input for one of the picture */
    enum vg_status status;
};

struct run {
    const struct request *request;
    struct eye eye;
    json_t *items; /* with --json */
};

/* ---- persons ---- */

static void note_persons(struct eye *eye, const struct vg_picture *picture)
{
    uint32_t width = 0, height = 0;
    vg_engine_input_size(eye->look.engine, &width, &height);
    eye->scale = fmin((double)width / picture->width, (double)height / picture->height);
    eye->looks++;
    for (uint32_t i = 0; i < eye->answer->count && eye->heights < HEIGHTS_MAX; i++) {
        const struct vg_detection *found = &eye->answer->detection[i];
        if (found->class_id == VG_CLASS_PERSON)
            eye->height[eye->heights++] = (double)found->box.height;
    }
}

static void look_at(void *context, const struct vg_picture *picture)
{
    struct eye *eye = context;
    struct vg_fault fault;
    const struct vg_job job = {
        .picture = picture, .threshold = eye->model->threshold, .nms = eye->model->nms};
    if (eye->status)
        return;
    eye->status = vg_look_fit(&eye->look, picture->width, picture->height, &fault);
    if (!eye->status)
        eye->status = vg_look_run(&eye->look, &job, 1, eye->answer, &fault);
    if (!eye->status)
        note_persons(eye, picture);
}

/* Without a model, or a device, the rest is still worth knowing. */
static void open_eye(struct eye *eye, const struct request *request)
{
    struct vg_fault fault;
    if (request->no_persons)
        return;
    if (vg_model_find(request->model, &eye->model, &fault)) {
        (void)fprintf(stderr, "vigie: %s\n",
                      _("no model is installed: the height of persons is not measured"));
        return;
    }
    eye->answer = vg_alloc(sizeof *eye->answer);
    vg_cold_start_init(&eye->start);
    eye->look = (struct vg_look){.request = {.size = VG_LOOK_SIZE_AUTO},
                                 .model = eye->model,
                                 .settings = vg_engine_defaults()};
    eye->look.settings.device = request->device;
    eye->look.settings.listener = &eye->start.listener;
    eye->look.settings.picture_width_max = VG_PICTURE_WIDTH_MAX;
    eye->look.settings.picture_height_max = VG_PICTURE_HEIGHT_MAX;
    eye->look.settings.outputs = VG_OUTPUTS_NEEDED;
}

static void close_eye(struct eye *eye)
{
    vg_look_release(&eye->look);
    vg_model_close(&eye->model);
    vg_free(eye->answer);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static struct vg_probe_persons persons_of(struct eye *eye)
{
    struct vg_probe_persons persons = {.looks = eye->looks, .seen = eye->heights};
    if (!eye->heights)
        return persons;
    qsort(eye->height, eye->heights, sizeof *eye->height, by_value);
    persons.height_px = eye->height[eye->heights / 2];
    persons.height_network_px = persons.height_px * eye->scale;
    return persons;
}

/* ---- one source ---- */

static const char *transport_name(enum vg_transport transport)
{
    static const char *const names[] = {"file", "tcp", "udp", "multicast"};
    return names[transport];
}

static void print_figures(const struct vg_probe_figures *f, const struct vg_probe_persons *persons)
{
    (void)printf(_("  %s, %ux%u, %.2f pictures a second (told: %.2f), %.0f kbit/s\n"), f->codec,
                 f->width, f->height, f->fps_milli / 1000.0, f->told_milli / 1000.0,
                 (double)f->bits_per_s / 1000);
    (void)printf(_("  transport %s, %s; open after %.0f ms, first picture after %.0f ms\n"),
                 transport_name(f->transport), f->encrypted ? _("encrypted") : _("in the clear"),
                 (double)f->open_us / 1000, (double)f->first_us / 1000);
    (void)printf(_("  key frames every %u pictures, %.2f s apart at most; jitter %.1f ms\n"),
                 f->key_interval, (double)f->key_us / 1e6, f->jitter_us / 1000.0);
    (void)printf(_("  packets: %llu, lost %llu; pictures: %llu, damaged %llu\n"),
                 (unsigned long long)f->packets, (unsigned long long)f->lost,
                 (unsigned long long)f->pictures, (unsigned long long)f->damaged);
    if (persons->seen)
        (void)printf(_("  persons: %.0f pixels high (%.0f for the detector), %u seen\n"),
                     persons->height_px, persons->height_network_px, persons->seen);
}

static void print_source(const char *name, const struct vg_probe_figures *figures,
                         const struct vg_probe_persons *persons,
                         const struct vg_probe_verdict *verdict, const struct vg_fault *fault)
{
    char why[512];
    (void)printf("%s: %s\n", name, _(vg_verdict_text(verdict->verdict)));
    if (figures->pictures)
        print_figures(figures, persons);
    if (figures->status) {
        vg_fault_text(fault, why, sizeof why);
        (void)printf("  %s\n", why);
    }
    for (size_t i = 0; i < verdict->count; i++) {
        const struct vg_verdict_reason *reason = &verdict->reason[i];
        (void)printf("  %s %s%s%s%s%s%s\n", reason->weight == VG_VERDICT_COMPATIBLE ? "-" : "!",
                     _(reason->what), reason->figure[0] ? " (" : "", reason->figure,
                     reason->figure[0] ? ")" : "", reason->remedy ? " ; " : "",
                     reason->remedy ? _(reason->remedy) : "");
    }
}

static json_t *reasons_json(const struct vg_probe_verdict *verdict)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < verdict->count; i++) {
        const struct vg_verdict_reason *reason = &verdict->reason[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "code", reason->code, "weight",
                            vg_verdict_name(reason->weight), "what", _(reason->what), "figure",
                            reason->figure, "remedy", reason->remedy ? _(reason->remedy) : NULL));
    }
    return list;
}

static json_t *source_json(const char *name, const struct vg_probe_figures *f,
                           const struct vg_probe_persons *persons,
                           const struct vg_probe_verdict *verdict, const struct vg_fault *fault)
{
    char why[512] = "";
    if (f->status)
        vg_fault_text(fault, why, sizeof why);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:I, s:s, s:b, s:f, s:f}", "id",
                  name, "verdict", vg_verdict_name(verdict->verdict), "status",
                  vg_status_name(f->status), "message", why, "codec", f->codec, "width",
                  (int)f->width, "height", (int)f->height, "fps", f->fps_milli / 1000.0, "told_fps",
                  f->told_milli / 1000.0, "bits_per_s", (json_int_t)f->bits_per_s, "transport",
                  transport_name(f->transport), "encrypted", (int)f->encrypted, "open_ms",
                  (double)f->open_us / 1000, "first_picture_ms", (double)f->first_us / 1000);
    json_t *more = json_pack(
        "{s:i, s:f, s:f, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:i, s:f, s:f, s:o}", "key_interval",
        (int)f->key_interval, "key_s", (double)f->key_us / 1e6, "gap_s", (double)f->gap_us / 1e6,
        "packets", (json_int_t)f->packets, "lost", (json_int_t)f->lost, "jitter_ms",
        f->jitter_us / 1000.0, "pictures", (json_int_t)f->pictures, "damaged",
        (json_int_t)f->damaged, "refused", (json_int_t)f->refused, "jumps", (json_int_t)f->jumps,
        "persons", (int)persons->seen, "person_height_px", persons->height_px,
        "person_height_network_px", persons->height_network_px, "reasons", reasons_json(verdict));
    if (object && more)
        (void)json_object_update(object, more);
    json_decref(more);
    return object;
}

static enum vg_status probe(struct run *run, const char *name,
                            const struct vg_source_settings *source)
{
    struct vg_fault fault = {.place = ""};
    struct vg_probe_figures figures;
    struct vg_probe_verdict verdict;
    struct vg_probe_settings settings = vg_probe_defaults();
    settings.last_us = (int64_t)(run->request->seconds * 1e6);
    run->eye.heights = run->eye.looks = 0;
    if (run->eye.answer) {
        settings.look = look_at;
        settings.context = &run->eye;
    }
    const enum vg_status status = vg_probe_run(source, &settings, &figures, &fault);
    if (run->eye.answer)
        vg_cold_start_end(&run->eye.start);
    const struct vg_probe_persons persons = persons_of(&run->eye);
    vg_probe_judge(&figures, &persons, &verdict);
    if (run->items)
        (void)json_array_append_new(run->items,
                                    source_json(name, &figures, &persons, &verdict, &fault));
    else
        print_source(name, &figures, &persons, &verdict, &fault);
    (void)fflush(stdout);
    return status == VG_E_MEMORY || status == VG_E_INTERRUPTED ? status : VG_OK;
}

/* ---- one, or a list ---- */

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

static enum vg_status probe_list(struct run *run, struct vg_fault *fault)
{
    uint8_t *text = NULL;
    size_t size = 0;
    struct vg_source_row row;
    struct vg_source_list *list = vg_alloc(sizeof *list);
    enum vg_status status =
        list ? vg_file_read(run->request->target, LIST_MAX, &text, &size, fault) : VG_E_MEMORY;
    if (!status)
        status = vg_source_list_begin(list, run->request->target, text, size, fault);
    while (!status) {
        status = vg_source_list_next(list, &row);
        if (status)
            break;
        struct vg_source_settings source = source_of(run->request);
        source.url = row.url;
        source.user = row.user;
        source.password = row.password;
        if (row.transport != VG_TRANSPORT_AUTO)
            source.transport = row.transport;
        status = probe(run, row.id, &source);
    }
    explicit_bzero(&row, sizeof row);
    if (text)
        explicit_bzero(text, size);
    vg_free(text);
    if (list)
        explicit_bzero(list, sizeof *list);
    vg_free(list);
    return status == VG_E_END ? VG_OK : status;
}

static bool is_list(const char *target)
{
    const size_t length = strlen(target);
    return length > 4 && strcmp(target + length - 4, ".csv") == 0;
}

static enum vg_status probe_all(const struct request *request, struct vg_fault *fault)
{
    struct run *run = vg_alloc(sizeof *run);
    if (!run)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "probe");
    run->request = request;
    run->items = request->as_json ? json_array() : NULL;
    open_eye(&run->eye, request);
    struct vg_source_settings source = source_of(request);
    source.url = request->target;
    source.user = request->user;
    source.password = request->password;
    /* the address is not repeated: it may lead to a camera, and logs are kept */
    enum vg_status status =
        is_list(request->target) ? probe_list(run, fault) : probe(run, _("source"), &source);
    if (run->items) {
        json_t *object = json_pack("{s:O}", "sources", run->items);
        const enum vg_status printed = vg_print_json(object, fault);
        status = status ? status : printed;
    }
    json_decref(run->items);
    close_eye(&run->eye);
    vg_free(run);
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
                                N_("give it as one line of at most 1024 bytes"), "stdin");
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
    const enum vg_status status =
        vg_option_number("seconds", r->seconds_text, 0.5, 3600, &r->seconds, fault);
    return status ? status : read_secrets(r, fault);
}

int vg_cmd_probe(int argc, char **argv)
{
    struct request r = {.seconds_text = "10", .transport_text = "auto", .model = "nanodet-g"};
    struct vg_fault fault = {.status = VG_OK};
    const struct vg_option options[] = {
        {"seconds", "S", N_("how long each source is received; default 10"), &r.seconds_text, NULL},
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
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {"probe", "URL|LIST.csv",
                                   N_("say what a source is and whether it can be analysed"),
                                   options, COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, &fault);
    if (!status)
        status = check(&r, count, &fault);
    if (!status) {
        r.target = argv[1];
        status = probe_all(&r, &fault);
    }
    explicit_bzero(r.password, sizeof r.password);
    vg_free(r.ca_pem);
    return vg_command_exit(status, &fault);
}
