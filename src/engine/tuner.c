#include "src/engine/tuner.h"

#include <assert.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/engine/conv_variants.h"
#include "src/engine/engine_inside.h"
#include "src/engine/profile.h"

#define WINS 0.97 /* of the table's time: what is less sure than this is noise */
#define NONE UINT32_MAX

enum {
    SEED = 1
};

enum pass {
    PASS_FIRST,
    PASS_LAST, /* what was found, in turns */
    PASSES
};

/* A need, in as many places of the net as there are. */
struct subject {
    struct vg_tune_need need;
    uint64_t fitting;
    uint32_t row_default, chosen;
    uint32_t present;                    /* trials (1 << enum trial) of whose plans it is a part */
    double us[PASSES][VG_CONV_ROWS_MAX]; /* the least so far; 0: not measured */
    double sum;                          /* of the measurement in work */
    uint32_t count, row;
};

/* What is taken for each need. */
enum pick {
    PICK_TABLE,
    PICK_BEST,
    PICK_SECOND,
    PICK_CHOSEN,
    PICK_ROUND_APART,    /* the round's, two nodes apart */
    PICK_BEST_APART,     /* the best, two nodes apart */
    PICK_ROUND_TOGETHER, /* the best; the round's of two nodes in one kernel */
    PICK_TABLE_ALL       /* the table's, with all of the net's outputs */
};

struct tuner {
    const struct vg_model *model;
    const struct vg_tuner_settings *settings;
    struct subject *subject;
    uint32_t count, room;
    double node_us[VG_MODEL_NODES_MAX]; /* of the measurement in work */
    uint32_t done, total;
    struct vg_fault *fault;
};

/* An engine that stays open. */
struct trial {
    enum pick pick;
    struct vg_engine *engine;
    double whole_us; /* the least so far; 0: none */
};

/* ---- needs ---- */

static int same_need(const struct vg_tune_need *a, const struct vg_tune_need *b)
{
    char left[VG_TUNE_LINE_SIZE], right[VG_TUNE_LINE_SIZE];
    vg_tune_need_text(a, left);
    vg_tune_need_text(b, right);
    return !strcmp(left, right);
}

/* NULL: no room, which is enough for all plans of the net. */
static struct subject *subject_of(struct tuner *t, const struct vg_plan_choice *choice)
{
    uint32_t i = 0;
    while (i < t->count && !same_need(&t->subject[i].need, &choice->need))
        i++;
    if (i == t->room)
        return NULL;
    if (i == t->count) {
        t->subject[i] = (struct subject){.need = choice->need,
                                         .fitting = choice->fitting,
                                         .row_default = choice->row_default,
                                         .chosen = choice->row_default};
        t->count++;
    }
    return &t->subject[i];
}

/* ---- which row ---- */

static uint64_t apart_rows(void)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < vg_conv_row_count(); i++)
        if (vg_conv_row(i)->kernel == VG_KERNEL_COUNT)
            found |= UINT64_C(1) << i;
    return found;
}

static uint32_t count_of(uint64_t set)
{
    uint32_t count = 0;
    for (; set; set &= set - 1)
        count++;
    return count;
}

/* the n-th row of a set, round and round */
static uint32_t nth(uint64_t set, uint32_t n)
{
    for (n %= count_of(set); n; n--)
        set &= set - 1;
    uint32_t row = 0;
    while (!(set >> row & 1))
        row++;
    return row;
}

/* The fastest of the rows measured, but for one; the table's if there is none. */
static uint32_t fastest(const struct subject *s, enum pass pass, uint64_t among, uint32_t but)
{
    uint32_t found = NONE;
    for (uint32_t i = 0; i < VG_CONV_ROWS_MAX; i++)
        if (among >> i & 1 && i != but && s->us[pass][i] > 0 &&
            (found == NONE || s->us[pass][i] < s->us[pass][found]))
            found = i;
    return found == NONE ? s->row_default : found;
}

static uint32_t row_pick(const struct subject *s, enum pick pick, uint32_t round)
{
    const uint64_t apart = s->fitting & apart_rows(), together = s->fitting & ~apart;
    const uint32_t best = fastest(s, PASS_FIRST, s->fitting, NONE);
    switch (pick) {
    case PICK_TABLE:
    case PICK_TABLE_ALL:
        return s->row_default;
    case PICK_CHOSEN:
        return s->chosen;
    case PICK_SECOND: /* of what is a part of the best plan */
        return s->present >> PICK_BEST & 1 ? fastest(s, PASS_FIRST, s->fitting, best) : best;
    case PICK_ROUND_APART:
        return apart ? nth(apart, 0) : nth(together, round);
    case PICK_BEST_APART:
        return apart ? nth(apart, 0) : best;
    case PICK_ROUND_TOGETHER:
        return apart && together ? nth(together, round) : best;
    case PICK_BEST:
        break;
    }
    return best;
}

/* ---- engines ---- */

static enum vg_status no_memory(const struct tuner *t)
{
    return vg_fault_set(t->fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s",
                        t->model->name);
}

/* values as pictures have them: zeros would be kinder */
static enum vg_status input_fill(struct tuner *t, struct vg_engine *engine)
{
    struct vg_random random;
    uint32_t width, height;
    vg_engine_input_size(engine, &width, &height);
    const size_t count = (size_t)width * height * 3;
    float *input = vg_alloc_array(count, sizeof *input);
    if (!input)
        return no_memory(t);
    vg_random_seed(&random, SEED);
    for (size_t i = 0; i < count; i++)
        input[i] = (float)(4 * vg_random_unit(&random) - 2);
    const enum vg_status status = vg_engine_run_tensor(engine, input, t->fault);
    vg_free(input);
    return status;
}

static void progress(struct tuner *t)
{
    struct vg_tuner_listener *listener = t->settings->listener;
    if (listener)
        listener->working(listener, t->done, t->total > t->done ? t->total : t->done + 1);
    t->done++;
}

static enum vg_status engine_open(struct tuner *t, enum pick pick, uint32_t round,
                                  struct vg_engine **engine)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_tune tune;
    enum vg_status status = VG_OK;
    vg_tune_init(&tune, "", "");
    *engine = NULL;
    settings.device = t->settings->device;
    settings.width = t->settings->width;
    settings.height = t->settings->height;
    settings.batch_max = t->settings->batch;
    settings.threads = t->settings->threads;
    settings.precision = t->settings->precision;
    settings.lane = t->settings->lane;
    settings.picture_width_max = settings.picture_height_max = 64; /* no pictures come */
    settings.programs = VG_PROGRAMS_ARE_NOT_KEPT;
    settings.launches = VG_LAUNCHES_EACH_STEP;
    settings.outputs = pick == PICK_TABLE_ALL ? VG_OUTPUTS_ALL : VG_OUTPUTS_NEEDED;
    settings.tune = &tune;
    progress(t);
    for (uint32_t i = 0; i < t->count && !status; i++)
        status = vg_tune_set(&tune, &t->subject[i].need,
                             vg_conv_row(row_pick(&t->subject[i], pick, round))->name, 0);
    if (status)
        (void)no_memory(t);
    if (!status)
        status = vg_engine_open(engine, t->model, &settings, t->fault);
    if (!status)
        status = input_fill(t, *engine);
    if (status)
        vg_engine_close(engine);
    vg_tune_release(&tune);
    return status;
}

/* ---- measuring ---- */

static void least(double *so_far, double us)
{
    if (us > 0 && (*so_far <= 0 || us < *so_far))
        *so_far = us;
}

/* What the steps of each need took, on the mean of its places. */
static enum vg_status times_take(struct tuner *t, const struct vg_plan *plan,
                                 const struct vg_profile *profile, enum pass pass, uint32_t bit)
{
    memset(t->node_us, 0, sizeof t->node_us);
    for (uint32_t i = plan->net_first; i < plan->net_end; i++)
        if (plan->step[i].node != VG_PLAN_NO_NODE)
            t->node_us[plan->step[i].node] += profile->step[i - plan->net_first].us;
    for (uint32_t i = 0; i < t->count; i++)
        t->subject[i].count = 0;
    for (uint32_t i = 0; i < plan->choice_count; i++) {
        const struct vg_plan_choice *choice = &plan->choice[i];
        struct subject *s = subject_of(t, choice);
        if (!s)
            return no_memory(t);
        if (!s->count) {
            s->row = choice->row;
            s->sum = 0;
        }
        if (s->row != choice->row) /* of this place alone something does not fit */
            continue;
        s->present |= bit;
        s->count++;
        s->sum += t->node_us[choice->node];
        if (choice->first != VG_PLAN_NO_NODE)
            s->sum += t->node_us[choice->first];
    }
    for (uint32_t i = 0; i < t->count; i++)
        if (t->subject[i].count)
            least(&t->subject[i].us[pass][t->subject[i].row],
                  t->subject[i].sum / t->subject[i].count);
    return VG_OK;
}

static enum vg_status measure(struct tuner *t, struct vg_engine *engine, enum pass pass,
                              uint32_t bit, double *whole_us)
{
    struct vg_profile profile;
    enum vg_status status = vg_engine_profile(engine, t->settings->runs, &profile, t->fault);
    if (status)
        return status;
    status = times_take(t, vg_engine_plan(engine), &profile, pass, bit);
    if (whole_us)
        least(whole_us, profile.whole_us);
    vg_profile_release(&profile);
    return status;
}

static enum vg_status round_run(struct tuner *t, enum pick pick, uint32_t round)
{
    struct vg_engine *engine = NULL;
    enum vg_status status = engine_open(t, pick, round, &engine);
    if (!status)
        status = measure(t, engine, PASS_FIRST, 0, NULL);
    vg_engine_close(&engine);
    return status;
}

static uint32_t rounds_of(const struct tuner *t, enum pick pick)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const uint64_t apart = t->subject[i].fitting & apart_rows();
        const uint64_t together = t->subject[i].fitting & ~apart;
        const uint32_t count = pick == PICK_ROUND_APART ? apart ? 0 : count_of(together)
                               : apart ? count_of(together)
                                                        : 0;
        most = count > most ? count : most;
    }
    return most;
}

/* The more is known of the needs, the better it is known how many rounds there are. */
static enum vg_status rounds_run(struct tuner *t)
{
    const uint32_t last = 3 + 1; /* trials: the last comparisons' */
    enum vg_status status = round_run(t, PICK_TABLE, 0);
    for (uint32_t i = 0; !status && (i == 0 || i < rounds_of(t, PICK_ROUND_APART)); i++) {
        t->total = 4 + rounds_of(t, PICK_ROUND_APART) + rounds_of(t, PICK_ROUND_TOGETHER) + last;
        status = round_run(t, PICK_ROUND_APART, i);
    }
    if (!status)
        status = round_run(t, PICK_BEST_APART, 0);
    for (uint32_t i = 0; !status && i < rounds_of(t, PICK_ROUND_TOGETHER); i++)
        status = round_run(t, PICK_ROUND_TOGETHER, i);
    /* a plan may also be pinned where raw outputs are read: the needs of that are named too */
    return status ? status : round_run(t, PICK_TABLE_ALL, 0);
}

/* ---- choosing ---- */

static enum vg_status in_turns(struct tuner *t, struct trial *trial, uint32_t count)
{
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < count && !status; i++) {
        if (!trial[i].engine)
            status = engine_open(t, trial[i].pick, 0, &trial[i].engine);
        if (!status) /* which needs it has; the second best wants to know those of the best */
            status =
                measure(t, trial[i].engine, PASS_LAST, 1U << trial[i].pick, &trial[i].whole_us);
    }
    for (uint32_t turn = 1; turn < t->settings->turns && !status; turn++)
        for (uint32_t i = 0; i < count && !status; i++)
            status =
                measure(t, trial[i].engine, PASS_LAST, 1U << trial[i].pick, &trial[i].whole_us);
    return status;
}

static void rows_choose(struct tuner *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        struct subject *s = &t->subject[i];
        /* a part of the table's own plan, or only of one that has two nodes apart */
        const enum pass pass = s->us[PASS_LAST][s->row_default] > 0 ? PASS_LAST : PASS_FIRST;
        const uint32_t best = fastest(s, pass, s->fitting, NONE);
        const double table = s->us[pass][s->row_default];
        s->chosen = table <= 0 || s->us[pass][best] < WINS * table ? best : s->row_default;
    }
}

static uint32_t changed_count(const struct tuner *t)
{
    uint32_t changed = 0;
    for (uint32_t i = 0; i < t->count; i++)
        changed += t->subject[i].chosen != t->subject[i].row_default;
    return changed;
}

static void table_take(struct tuner *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        t->subject[i].chosen = t->subject[i].row_default;
}

/* The trial of the table's choices stays open and is compared with what was chosen. */
static enum vg_status whole_compare(struct tuner *t, struct trial *table,
                                    struct vg_tuner_report *report)
{
    struct trial both[2] = {{.pick = PICK_TABLE, .engine = table->engine}, {.pick = PICK_CHOSEN}};
    report->table_us = report->chosen_us = table->whole_us;
    if (!changed_count(t))
        return VG_OK;
    const enum vg_status status = in_turns(t, both, 2);
    vg_engine_close(&both[1].engine);
    if (status)
        return status;
    report->table_us = both[0].whole_us;
    report->chosen_us = both[1].whole_us;
    if (report->chosen_us < report->table_us)
        return VG_OK;
    report->chosen_us = report->table_us;
    table_take(t);
    return VG_OK;
}

static enum vg_status choose(struct tuner *t, struct vg_tuner_report *report)
{
    struct trial trial[3] = {{.pick = PICK_TABLE}, {.pick = PICK_BEST}, {.pick = PICK_SECOND}};
    enum vg_status status = in_turns(t, trial, 3);
    vg_engine_close(&trial[1].engine);
    vg_engine_close(&trial[2].engine);
    if (!status) {
        rows_choose(t);
        status = whole_compare(t, &trial[0], report);
    }
    vg_engine_close(&trial[0].engine);
    report->needs = t->count;
    report->changed = changed_count(t);
    return status;
}

/* All rows or none. */
static enum vg_status rows_set(struct tuner *t, struct vg_tune *tune)
{
    struct vg_tune more;
    enum vg_status status = VG_OK;
    vg_tune_init(&more, tune->device, tune->driver);
    for (uint32_t i = 0; i < tune->count && !status; i++)
        status = vg_tune_set(&more, &tune->row[i].need, tune->row[i].variant, tune->row[i].ns);
    for (uint32_t i = 0; i < t->count && !status; i++) {
        const struct subject *s = &t->subject[i];
        const double last = s->us[PASS_LAST][s->chosen],
                     us = last > 0 ? last : s->us[PASS_FIRST][s->chosen];
        status = vg_tune_set(&more, &s->need, vg_conv_row(s->chosen)->name, (uint64_t)(us * 1000));
    }
    if (status) {
        vg_tune_release(&more);
        return vg_fault_set(t->fault, status, vg_status_text(status), NULL, "%s", t->model->name);
    }
    vg_tune_release(tune);
    *tune = more;
    return VG_OK;
}

struct vg_tuner_settings vg_tuner_defaults(void)
{
    return (struct vg_tuner_settings){.batch = 1, .runs = 15, .turns = 5};
}

enum vg_status vg_tuner_run(const struct vg_model *model, const struct vg_tuner_settings *settings,
                            struct vg_tune *tune, struct vg_tuner_report *report,
                            struct vg_fault *fault)
{
    struct tuner *t = vg_alloc(sizeof *t);
    memset(report, 0, sizeof *report);
    if (!t)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s",
                            model->name);
    *t = (struct tuner){.model = model, .settings = settings, .fault = fault, .total = 20};
    /* a node alone, and with the one before it; both again with all of its channels */
    t->room = model->node_count * 4 + 1;
    t->subject = vg_alloc_array(t->room, sizeof *t->subject);
    enum vg_status status = t->subject ? VG_OK : no_memory(t);
    if (!status)
        status = rounds_run(t);
    if (!status)
        status = choose(t, report);
    if (!status)
        status = rows_set(t, tune);
    vg_free(t->subject);
    vg_free(t);
    return status;
}
