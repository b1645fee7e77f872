#include "src/cli/bench_api.h"

#include <signal.h>
#include <stdio.h>

#include "bench/api_bench.h"
#include "src/base/alloc.h"
#include "src/base/progress.h"
#include "src/base/text.h"
#include "src/cli/bench_model.h"
#include "src/cli/bench_pipeline.h"
#include "src/cli/options.h"
#include "src/cli/words.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SECONDS_MAX  600

struct request {
    const char *clients_text, *seconds_text, *alerts_text, *flux_text, *model;
    bool as_json;
};

static enum vg_status request_read(const struct request *r, struct vg_api_bench *run,
                                   struct vg_fault *fault)
{
    double clients = 0, alerts = 0, flux = 0;
    enum vg_status status =
        vg_option_count("clients", r->clients_text, 1, VG_API_CLIENTS_MAX, &clients, fault);
    if (!status)
        status = vg_option_number("seconds", r->seconds_text, 1, SECONDS_MAX, &run->seconds, fault);
    if (!status)
        status = vg_option_count("alerts", r->alerts_text, 1, VG_API_ALERTS_MAX, &alerts, fault);
    if (!status)
        status = vg_option_count("flux", r->flux_text, 1, VG_SERVER_FLUX_MAX, &flux, fault);
    run->clients = (uint32_t)clients;
    run->alerts = (uint32_t)alerts;
    run->flux = (uint32_t)flux;
    run->model = r->model;
    return status;
}

/* ---- telling ---- */

static double quantile_ms(const struct vg_api_result *result, double share)
{
    return (double)vg_time_histogram_quantile_us(&result->times, share) / 1000;
}

static double per_s(const struct vg_api_result *result)
{
    return result->seconds > 0 ? (double)result->count / result->seconds : 0;
}

static json_t *latency_json(const struct vg_api_result *result)
{
    return json_pack("{s:f, s:f, s:f}", "p50", quantile_ms(result, 0.5), "p95",
                     quantile_ms(result, 0.95), "p99", quantile_ms(result, 0.99));
}

static json_t *route_json(const struct vg_api_result *result, enum vg_api_route route)
{
    return json_pack("{s:s, s:I, s:f, s:I, s:I, s:o, s:f, s:f, s:f}", "route",
                     vg_api_route_name(route), "requests", (json_int_t)result->count,
                     "requests_per_s", per_s(result), "refused", (json_int_t)result->refused,
                     "failed", (json_int_t)result->failed, "latency_ms", latency_json(result),
                     "bytes_per_answer",
                     result->count ? (double)result->bytes / (double)result->count : 0, "seconds",
                     result->seconds, "api_cpu_cores", result->api_cores);
}

static json_t *stream_json(const struct vg_api_result *result, const struct vg_api_bench *run)
{
    return json_pack("{s:i, s:I, s:i, s:I, s:I, s:o, s:f, s:f}", "listeners", (int)run->clients,
                     "raised", (json_int_t)result->raised, "raised_per_s", VG_API_RAISED_PER_S,
                     "received", (json_int_t)result->count, "missed", (json_int_t)result->failed,
                     "latency_ms", latency_json(result), "seconds", result->seconds,
                     "api_cpu_cores", result->api_cores);
}

static json_t *figures_json(const struct vg_api_bench *run, const struct vg_api_figures *f)
{
    json_t *routes = json_array();
    for (int i = 0; i < VG_API_ROUTES; i++)
        (void)json_array_append_new(routes, route_json(&f->route[i], (enum vg_api_route)i));
    return json_pack("{s:i, s:f, s:i, s:i, s:s, s:f, s:o, s:o, s:{s:f, s:f}}", "clients",
                     (int)run->clients, "seconds", run->seconds, "alerts", (int)run->alerts, "flux",
                     (int)run->flux, "tls", f->tls, "archive_s", f->archive_s, "routes", routes,
                     "stream", stream_json(&f->stream, run), "api", "rss_mb",
                     (double)f->resident_bytes / 1e6, "cpu_s", f->cpu_s);
}

static void line_print(const char *name, const struct vg_api_result *result)
{
    (void)printf("%-26s %10.1f %9.2f %9.2f %9.2f %8llu %9.2f\n", name, per_s(result),
                 quantile_ms(result, 0.5), quantile_ms(result, 0.95), quantile_ms(result, 0.99),
                 (unsigned long long)(result->refused + result->failed), result->api_cores);
}

static void figures_print(const struct vg_api_bench *run, const struct vg_api_figures *f)
{
    (void)printf(_("%u clients on this machine, %s, connections that stay; %u alerts in the "
                   "archive, %u flux, %.0f s each\n"),
                 run->clients, f->tls, run->alerts, run->flux, run->seconds);
    (void)printf("%-26s %10s %9s %9s %9s %8s %9s\n", _("latency, ms"), _("a second"), "p50", "p95",
                 "p99", _("failed"), _("cores"));
    for (int i = 0; i < VG_API_ROUTES; i++)
        line_print(vg_api_route_name((enum vg_api_route)i), &f->route[i]);
    line_print(_("alert raised to listener"), &f->stream);
    (void)printf(_("%llu alerts raised, %d a second, for %u listeners; the api process: %.0f MB, "
                   "%.1f s of processor\n"),
                 (unsigned long long)f->stream.raised, VG_API_RAISED_PER_S, run->clients,
                 (double)f->resident_bytes / 1e6, f->cpu_s);
}

/* ---- the run ---- */

static enum vg_status run(const struct request *r, struct vg_api_bench *run, struct vg_fault *fault)
{
    struct vg_progress progress;
    struct vg_api_figures *figures = vg_alloc(sizeof *figures);
    if (!figures)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench api");
    vg_progress_init(&progress, stderr);
    progress.unit = VG_PROGRESS_SECONDS;
    run->look = vg_bench_show;
    run->user = &progress;
    enum vg_status status = vg_api_bench_run(run, figures, fault);
    if (!status)
        vg_progress_end(&progress, _("measuring"), (uint64_t)(run->seconds * (VG_API_ROUTES + 1)),
                        (uint64_t)(run->seconds * (VG_API_ROUTES + 1)));
    if (!status && r->as_json)
        status = vg_print_json(figures_json(run, figures), fault);
    else if (!status)
        figures_print(run, figures);
    vg_free(figures);
    return status;
}

enum vg_status vg_bench_api(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.clients_text = "8",
                        .seconds_text = "5",
                        .alerts_text = "2000",
                        .flux_text = "20",
                        .model = "nanodet-g"};
    struct vg_api_bench asked = {.clients = 0};
    char found[VG_MODEL_NAME_SIZE];
    const struct vg_option options[] = {
        {"clients", "C", N_("clients at once, and listeners; 1 to 64, default 8"), &r.clients_text,
         NULL},
        {"seconds", "S", N_("of each measure, of which there are five; default 5"), &r.seconds_text,
         NULL},
        {"alerts", "N", N_("in the archive; default 2000"), &r.alerts_text, NULL},
        {"flux", "N", N_("configured, switched off; default 20"), &r.flux_text, NULL},
        {"model", "M", N_("name of the model that the server runs on; default nanodet-g"), &r.model,
         NULL},
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {"bench api", "",
                                   N_("loads the API of a whole server and measures it"), options,
                                   COUNT(options)};
    int count = 0;
    vg_live_server_hold_signals();
    (void)signal(SIGPIPE, SIG_IGN);
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 0, 0, fault);
    if (!status)
        status = request_read(&r, &asked, fault);
    const struct vg_bench_wish wish = {.model = r.model};
    if (!status)
        status = vg_bench_model(&wish, found, fault);
    return status ? status : run(&r, &asked, fault);
}
