/* vigie child PART ...: one process of the server, as the supervisor starts it. Not for people.
 *
 *   child ingest N                fd 4: memory of its slots, fd 5: "a picture is ready",
 *                                 fd 6: to the api, about clips and live pictures
 *   child analysis COUNT REDIS    for ingest i: fd 4 + 2i and 5 + 2i
 *   child api LISTEN REDIS COUNT  for ingest i: fd 4 + i
 *
 * fd 3 is the control socket; VIGIE_DATA names the data folder. What ends a process is told to
 * the supervisor, which shows it in health, and is its exit code. */
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api_process.h"
#include "scheduler/analysis.h"
#include "scheduler/model_guard.h"
#include "src/base/alloc.h"
#include "src/base/folders.h"
#include "src/base/log.h"
#include "src/base/message.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/cli/commands.h"
#include "src/cli/device_cores.h"
#include "src/cli/gate_option.h"
#include "src/cli/options.h"
#include "src/cli/precision.h"
#include "src/media/ingest.h"
#include "src/media/ingest_heap.h"
#include "src/supervise/listen_address.h"
#include "src/supervise/places.h"
#include "src/supervise/redis_child.h"

enum {
    FIRST_FD = VG_MESSAGE_CONTROL_FD + 1
};

static enum vg_status wrong_call(struct vg_fault *fault, const char *word)
{
    return vg_fault_set(fault, VG_E_CALL, N_("the server starts this command by itself"),
                        N_("use vigie serve"), "child %s", word);
}

/* The last words: health shows them until the process is up again. */
static void tell(const struct vg_fault *fault)
{
    json_t *message = json_pack("{s:s,s:s,s:s,s:s}", "type", "fault", "what", fault->what, "remedy",
                                fault->remedy == NULL ? "" : fault->remedy, "place", fault->place);
    if (message == NULL || vg_message_write_json(VG_MESSAGE_CONTROL_FD, message) != VG_OK)
        vg_log(VG_LOG_WARN, "the supervisor could not be told");
    json_decref(message);
}

static enum vg_status run_ingest(char **words, const char *data, struct vg_fault *fault)
{
    struct vg_ingest_settings settings = vg_ingest_defaults();
    settings.data = data;
    vg_ingest_heap_set();
    vg_random_bytes(&settings.seed, sizeof settings.seed);
    enum vg_status status = vg_ingest_run(&settings);
    if (status == VG_E_TIMEOUT) { /* a thread hangs in a driver: leave without it */
        vg_log(VG_LOG_WARN, "%s ends without a thread that does not", words[0]);
        _exit(0);
    }
    if (status != VG_OK)
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "%s-%s", words[0],
                            words[1]);
    return VG_OK;
}

/* "" is what the bench says of operation's. */
static enum vg_status take_rates(const char *text, struct vg_analysis_settings *settings,
                                 struct vg_fault *fault)
{
    settings->steady = text != NULL && strcmp(text, "wanted") == 0;
    if (text == NULL || text[0] == '\0' || settings->steady)
        return VG_OK;
    return vg_fault_set(fault, VG_E_CALL, N_("there are no such rates"),
                        N_("give wanted, or leave the variable out"), VG_RATES_VARIABLE "=%.100s",
                        text);
}

static enum vg_status run_analysis(char **words, const char *data, struct vg_fault *fault)
{
    struct vg_analysis_settings settings = {.data = data,
                                            .device = getenv("VIGIE_DEVICE"),
                                            .plan = getenv(VG_PLAN_VARIABLE),
                                            .gate = VG_GATE_ON,
                                            .meters_root = getenv(VG_METERS_ROOT_VARIABLE),
                                            .control_fd = VG_MESSAGE_CONTROL_FD};
    char socket[VG_REDIS_PATH_MAX];
    double count = 0, check_s = 0;
    const char *precision = getenv(VG_PRECISION_VARIABLE), *gate = getenv(VG_GATE_VARIABLE);
    const char *check = getenv(VG_MODEL_CHECK_VARIABLE), *rates = getenv(VG_RATES_VARIABLE);
    enum vg_status status =
        vg_option_count("child analysis", words[1], 1, VG_ANALYSIS_INGESTS_MAX, &count, fault);
    if (status == VG_OK)
        status = vg_option_precision(precision, &settings.precision, fault);
    if (status == VG_OK && gate != NULL)
        status = vg_option_gate(gate, &settings.gate, fault);
    if (status == VG_OK)
        status = take_rates(rates, &settings, fault);
    if (status == VG_OK && check != NULL) /* at least hourly */
        status = vg_option_number(VG_MODEL_CHECK_VARIABLE, check, 1, VG_MODEL_GUARD_EVERY_S,
                                  &check_s, fault);
    if (status == VG_OK)
        status = vg_device_cores_told(&settings.device_cores, fault);
    if (status == VG_OK)
        status = vg_redis_url(words[2], socket, fault);
    if (status != VG_OK)
        return status;
    settings.redis = socket;
    settings.ingest_count = (uint32_t)count;
    settings.model_check_s = (uint32_t)check_s;
    for (uint32_t i = 0; i < settings.ingest_count; i++) {
        settings.ingest[i].slots_fd = FIRST_FD + 2 * (int)i;
        settings.ingest[i].ready_fd = FIRST_FD + 2 * (int)i + 1;
    }
    return vg_analysis_run(&settings, fault);
}

/* The api tells the supervisor by itself. */
static enum vg_status run_api(char **words, const char *data, struct vg_fault *fault)
{
    struct vg_listen listen;
    char socket[VG_REDIS_PATH_MAX];
    int media[VG_PLACES_INGEST_MAX];
    double count = 0;
    enum vg_status status = vg_listen_parse(words[1], &listen, fault);
    if (status == VG_OK)
        status = vg_redis_url(words[2], socket, fault);
    if (status == VG_OK)
        status = vg_option_count("child api", words[3], 0, VG_PLACES_INGEST_MAX, &count, fault);
    if (status != VG_OK)
        return status;
    for (int i = 0; i < (int)count; i++)
        media[i] = FIRST_FD + i;
    const struct vg_api_settings settings = {.address = listen.host,
                                             .port = listen.port,
                                             .data = data,
                                             .redis_socket = socket,
                                             .media_fds = media,
                                             .media_count = (size_t)count,
                                             .control_fd = VG_MESSAGE_CONTROL_FD};
    status = vg_api_run(&settings);
    _exit(vg_status_exit(status));
}

static const struct row {
    const char *name;
    int words; /* with the name */
    enum vg_status (*run)(char **words, const char *data, struct vg_fault *fault);
} rows[] = {{"ingest", 2, run_ingest}, {"analysis", 3, run_analysis}, {"api", 4, run_api}};

/* "ingest-0" in the log (which keeps the name as long as the process lives), "vigie-ingest-0"
 * in ps and top. */
static void name_the_process(const struct row *row, const char *number)
{
    static const char family[] = "vigie-";
    char name[48];
    (void)snprintf(name, sizeof name, "%s%s%s%s", family, row->name,
                   row->run == run_ingest ? "-" : "", row->run == run_ingest ? number : "");
    (void)prctl(PR_SET_NAME, name);
    const char *kept = vg_alloc_text(name + sizeof family - 1);
    vg_log_init(kept == NULL ? row->name : kept);
}

int vg_cmd_child(int argc, char **argv)
{
    struct vg_fault fault = {.status = VG_OK};
    char data[PATH_MAX];
    int type = 0;
    socklen_t size = sizeof type;
    const char *name = argc > 1 ? argv[1] : "";
    const struct row *row = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0 && argc == rows[i].words + 1)
            row = &rows[i];
    if (row == NULL || getsockopt(VG_MESSAGE_CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
        return vg_command_exit(wrong_call(&fault, name), &fault);
    name_the_process(row, argv[2]);
    (void)mallopt(M_ARENA_MAX, 2); /* an arena per thread would only keep more of what is free */
    enum vg_status status = vg_folder_path(VG_FOLDER_DATA, data, sizeof data);
    if (status == VG_OK)
        status = row->run(argv + 1, data, &fault);
    else
        (void)wrong_call(&fault, name);
    if (status != VG_OK)
        tell(&fault); /* the supervisor says it, and not at each of many restarts */
    return vg_status_exit(status);
}
