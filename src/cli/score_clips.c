#include "src/cli/score_clips.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/cli/clip_list.h"
#include "src/cli/commands.h"

#define WORDS_MAX 24

struct call {
    int count;
    char *word[WORDS_MAX];
};

/* argv is char **; nothing writes to its words. */
static void add(struct call *call, const char *word)
{
    union {
        const char *given;
        char *taken;
    } either = {.given = word};
    call->word[call->count++] = either.taken;
    call->word[call->count] = NULL;
}

static void add_option(struct call *call, const char *name, const char *value)
{
    if (!value)
        return;
    add(call, name);
    add(call, value);
}

static struct call call_of(const struct vg_score_clips *run)
{
    struct call call = {.count = 0};
    add(&call, "batch");
    add(&call, "--explain");
    add_option(&call, "--scene", run->scene);
    add_option(&call, "--out", run->out);
    add_option(&call, "--rate", run->rate);
    add_option(&call, "--model", run->model);
    add_option(&call, "--jobs", run->jobs);
    add_option(&call, "--device", run->device);
    add(&call, "--");
    add(&call, run->clips);
    return call;
}

/* Results of these clips by an earlier run would be taken for those of a clip that fails now. */
static enum vg_status remove_earlier(const struct vg_score_clips *run, struct vg_fault *fault)
{
    static const char *const names[] = {"alerts.jsonl", "coverage.csv", "measures.csv",
                                        "explain.jsonl"};
    char operand[4096];
    char *const operands[] = {operand};
    struct vg_clip_list *list = vg_alloc(sizeof *list);
    if (!list)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", run->clips);
    (void)snprintf(operand, sizeof operand, "%s", run->clips);
    const enum vg_status status = vg_clip_list_make(list, operands, 1, fault);
    for (uint32_t i = 0; !status && i < list->count; i++) {
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            char path[8192];
            (void)snprintf(path, sizeof path, "%s/%s/%s", run->out, list->stem[i], names[k]);
            (void)unlink(path);
        }
    }
    vg_clip_list_release(list);
    vg_free(list);
    return status;
}

/* Waits for the child; a signal that is to end us is handed on, and its way of ending is ours.
 * set: blocked, so that none comes before it is waited for. */
static int wait_for(pid_t pid, const sigset_t *set)
{
    int status = 0;
    for (;;) {
        const int number = sigwaitinfo(set, NULL);
        if (number == SIGINT || number == SIGTERM)
            (void)kill(pid, SIGTERM);
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
}

static int run_batch(struct call *call)
{
    sigset_t ours, before;
    (void)sigemptyset(&ours);
    (void)sigaddset(&ours, SIGINT);
    (void)sigaddset(&ours, SIGTERM);
    (void)sigaddset(&ours, SIGCHLD);
    (void)fflush(NULL);
    (void)sigprocmask(SIG_BLOCK, &ours, &before);
    const pid_t pid = fork();
    if (pid == 0) {
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) /* the standard output is the score's */
            _exit(vg_status_exit(VG_E_LACK));
        const int code = vg_cmd_batch(call->count, call->word);
        (void)fflush(NULL);
        _exit(code);
    }
    const int code = pid < 0 ? -1 : wait_for(pid, &ours);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return code;
}

enum vg_status vg_score_clips_run(const struct vg_score_clips *run, int *code,
                                  struct vg_fault *fault)
{
    struct call call = call_of(run);
    const enum vg_status status = remove_earlier(run, fault);
    if (status)
        return status;
    *code = run_batch(&call);
    if (*code == vg_status_exit(VG_E_INTERRUPTED))
        return vg_fault_set(fault, VG_E_INTERRUPTED, N_("interrupted"), NULL, "%s", run->clips);
    if (*code < 0)
        return vg_fault_set(fault, VG_E_LACK, N_("the analysis did not come to its end"), NULL,
                            "%s", run->clips);
    return VG_OK;
}
