/* kill -9 of whoever has an alert in hand, at random moments: every alert that was promised is in
 * the archive once, with its picture.
 *
 *   producer (publisher: spool, sender) --> redis-server --> archiver (SQLite, pictures)
 *
 * The three are processes of their own; the parent kills one of them, or all, when so many alerts
 * are promised and a few milliseconds more have passed, and starts them again. A producer that
 * comes back raises its last alert again, promised or not, as analysis may after a restart: the
 * same flux, rule and onset, but another id, picture and media time. By these three, not by the
 * archive's own unique columns, it is counted in the archive: each once.
 *
 * VIGIE_KILL_ALERTS (200), VIGIE_KILL_COUNT (10), VIGIE_KILL_SEED (random, printed). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "src/alerts/alert_json.h"
#include "src/alerts/publisher.h"
#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/random.h"
#include "src/store/archive.h"
#include "src/store/archiver.h"
#include "tests/private_redis.h"
#include "tests/store_fixture.h"

#define DEADLINE_US   (120 * VG_US_PER_S)
#define PICTURE_BYTES 3000
#define WALL_START    INT64_C(1795252530000000)
#define FLUX_COUNT    3u
#define RULE_COUNT    2u
#define TRY_US        10000 /* a picture later for each try: below a second for TRIES_MOST */
#define TRIES_MOST    90u
#define PAUSE_MOST_US 4000
#define DOWN_MOST_US  150000

/* In memory that all processes share. */
struct board {
    atomic_uint promised; /* alerts 1 to promised are promised */
    atomic_uint over;     /* the parent asks the producer to end in order */
    atomic_uint tries[];  /* how often alert n was made, from 1 */
};

enum part {
    PRODUCER,
    ARCHIVER,
    REDIS,
    ALL,
    PART_COUNT
};
static const char *const part_names[PART_COUNT] = {"producer", "archiver", "redis", "all"};

struct run {
    char folder[64], spool[96];
    struct board *board;
    struct private_redis redis;
    pid_t producer, archiver;
    uint32_t alerts, kills;
    uint64_t seed;
    struct vg_random random;
    struct vg_scene *scene;
    unsigned killed[PART_COUNT];
    unsigned killed_late; /* the producer, after a first promise */
};

static uint32_t setting(const char *name, uint32_t otherwise)
{
    const char *text = getenv(name);
    const unsigned long value = text ? strtoul(text, NULL, 10) : 0;
    return value > 0 ? (uint32_t)value : otherwise;
}

/* ---- alert number n ---- */

/* What it is known by: its flux, its rule and its onset. */
struct name {
    char flux[8];
    uint32_t rule;
    int64_t onset_us; /* of the clock */
};

static struct name name_of(uint32_t n)
{
    struct name name = {.rule = n / FLUX_COUNT % RULE_COUNT,
                        .onset_us = WALL_START + n / (FLUX_COUNT * RULE_COUNT) * VG_US_PER_S};
    (void)snprintf(name.flux, sizeof name.flux, "cam-%u", n % FLUX_COUNT);
    return name;
}

/* As the try-th process makes it: the onset stays, picture and media time are others. */
static struct vg_alert alert_of(uint32_t n, uint32_t try)
{
    return (struct vg_alert){.event = VG_EVENT_CROSSING,
                             .severity = VG_SEVERITY_HIGH,
                             .rule = name_of(n).rule,
                             .place = -1,
                             .media = {n * VG_US_PER_S + try * TRY_US},
                             .onset = {n * VG_US_PER_S + try},
                             .onset_wall = {name_of(n).onset_us},
                             .sequence = n + try,
                             .score = 0.5F};
}

static struct vg_alert_context context_of(const struct name *name, uint32_t try, const char *id)
{
    return (struct vg_alert_context){.id = id,
                                     .flux = name->flux,
                                     .node = "a1",
                                     .software = "test",
                                     .phase = "operational",
                                     .wall_known = true,
                                     .wall = {name->onset_us + try * TRY_US},
                                     .width = 704,
                                     .height = 576,
                                     .has_picture = true,
                                     .latency_ms = 1};
}

static void fill_picture(uint32_t n, uint8_t *picture)
{
    struct vg_random random;
    vg_random_seed(&random, n);
    for (size_t i = 0; i < PICTURE_BYTES; i++)
        picture[i] = (uint8_t)vg_random_u32(&random);
}

/* ---- the processes ---- */

static void die_with(pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

/* Raises alert n and waits until it is promised. */
static void raise_alert(const struct run *run, struct vg_publisher *publisher,
                        struct vg_ulid_source *ids, uint32_t n)
{
    const uint32_t try = atomic_fetch_add(&run->board->tries[n], 1);
    const struct name name = name_of(n);
    const struct vg_alert alert = alert_of(n, try);
    struct vg_publisher_item *item = vg_publisher_take(publisher, 0);
    size_t size = 0;
    if (!item || try >= TRIES_MOST)
        _exit(5);
    vg_ulid_make(ids, item->id);
    const struct vg_alert_context context = context_of(&name, try, item->id);
    if (vg_alert_json(&alert, run->scene, &context, item->alert, sizeof item->alert, &size,
                      item->key) != VG_OK)
        _exit(3);
    item->alert_bytes = (uint32_t)size;
    item->picture_bytes = PICTURE_BYTES;
    fill_picture(n, item->picture);
    item->arrival = vg_mono_now();
    if (vg_publisher_give_and_wait(publisher, 0, item, -1) != VG_OK)
        _exit(4);
}

static void produce(const struct run *run)
{
    struct vg_publisher_settings settings =
        vg_publisher_defaults(run->spool, run->redis.socket, "a1");
    struct vg_publisher *publisher = NULL;
    struct vg_ulid_source ids = {0};
    if (vg_publisher_open(&publisher, &settings, NULL, NULL) != VG_OK)
        _exit(2);
    const uint32_t last = atomic_load(&run->board->promised);
    for (uint32_t n = last > 0 ? last : 1; n <= run->alerts; n++) {
        raise_alert(run, publisher, &ids, n);
        atomic_store(&run->board->promised, n);
    }
    struct vg_publisher_counts counts;
    do { /* until the spool has forgotten all, so that this is tested too */
        vg_pause_us(20000);
        vg_publisher_read_counts(publisher, &counts);
    } while (counts.spool.records > 0 || atomic_load(&run->board->over) == 0);
    vg_publisher_close(&publisher);
    _exit(0);
}

static void archive(const struct run *run)
{
    struct vg_database *database = NULL;
    struct vg_archiver *archiver = NULL;
    struct vg_archiver_settings settings = vg_archiver_defaults(run->redis.socket, "api");
    uint32_t moved = 0;
    settings.block_ms = 50;
    settings.idle_ms = 300;
    if (vg_database_open(&database, run->folder, VG_DATABASE_CREATE, NULL) != VG_OK ||
        vg_archiver_open(&archiver, database, &settings, NULL) != VG_OK)
        _exit(2);
    for (;;)
        if (vg_archiver_step(archiver, &moved, NULL) != VG_OK)
            continue; /* away: it has waited by itself */
}

static pid_t start(const struct run *run, void (*work)(const struct run *run))
{
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        die_with(parent);
        work(run);
    }
    assert_true(pid > 0);
    return pid;
}

static void kill_hard(pid_t *pid)
{
    int how = 0;
    assert_int_equal(kill(*pid, SIGKILL), 0);
    assert_int_equal(waitpid(*pid, &how, 0), *pid);
    if (!WIFSIGNALED(how)) /* it had ended by itself, which it must not */
        fail_msg("a process ended with code %d", WEXITSTATUS(how));
    *pid = 0;
}

static void kill_part(struct run *run, enum part part)
{
    run->killed[part]++;
    run->killed_late += (part == PRODUCER || part == ALL) && atomic_load(&run->board->promised) > 0;
    if (part == PRODUCER || part == ALL)
        kill_hard(&run->producer);
    if (part == ARCHIVER || part == ALL)
        kill_hard(&run->archiver);
    if (part == REDIS || part == ALL)
        private_redis_stop(&run->redis);
    vg_pause_us(vg_random_below(&run->random, DOWN_MOST_US));
    if (part == REDIS || part == ALL)
        private_redis_start(&run->redis, "0");
    if (part == PRODUCER || part == ALL)
        run->producer = start(run, produce);
    if (part == ARCHIVER || part == ALL)
        run->archiver = start(run, archive);
}

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Kills at so many promised alerts, and a random moment more. */
static void kill_all_times(struct run *run)
{
    uint32_t *at = calloc(run->kills, sizeof *at);
    assert_non_null(at);
    for (uint32_t i = 0; i < run->kills; i++)
        at[i] = vg_random_below(&run->random, run->alerts);
    qsort(at, run->kills, sizeof *at, compare);
    const int64_t deadline = vg_mono_now().us + DEADLINE_US;
    for (uint32_t i = 0; i < run->kills; i++) {
        while (atomic_load(&run->board->promised) < at[i]) {
            assert_true(vg_mono_now().us < deadline);
            vg_pause_us(100);
        }
        vg_pause_us(vg_random_below(&run->random, PAUSE_MOST_US));
        kill_part(run, (enum part)vg_random_below(&run->random, PART_COUNT));
    }
    free(at);
}

/* ---- what must hold at the end ---- */

static void wait_for_producer(struct run *run)
{
    int how = 0;
    pid_t pid = 0;
    const int64_t deadline = vg_mono_now().us + DEADLINE_US;
    atomic_store(&run->board->over, 1);
    while ((pid = waitpid(run->producer, &how, WNOHANG)) == 0) {
        assert_true(vg_mono_now().us < deadline);
        vg_pause_us(5000);
    }
    assert_int_equal(pid, run->producer);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    run->producer = 0;
}

/* The number of the alert of that name; 0: the producer made none. */
static uint32_t find_alert(const struct run *run, const struct vg_archive_row *row)
{
    for (uint32_t n = 1; n <= run->alerts; n++) {
        const struct name name = name_of(n);
        const int64_t after_us = row->time.us - name.onset_us;
        if (after_us >= 0 && after_us < VG_US_PER_S && strcmp(row->flux, name.flux) == 0 &&
            strcmp(row->rule, run->scene->rule[name.rule].id) == 0)
            return n;
    }
    return 0;
}

static void check_row(struct run *run, struct vg_database *database,
                      const struct vg_archive_row *row, uint8_t *seen)
{
    uint8_t picture[PICTURE_BYTES], *jpeg = NULL;
    size_t size = 0;
    char key[VG_ALERT_KEY_TEXT], wanted[64];
    const uint32_t n = find_alert(run, row);
    assert_in_range(n, 1, run->alerts);
    seen[n]++;
    const struct name name = name_of(n);
    const uint32_t try = (uint32_t)((row->time.us - name.onset_us) / TRY_US);
    assert_true(try < atomic_load(&run->board->tries[n]));
    const struct vg_alert alert = alert_of(n, try);
    const struct vg_alert_context context = context_of(&name, try, row->id);
    vg_alert_key(&alert, run->scene, &context, key);
    (void)snprintf(wanted, sizeof wanted, "\"key\":\"%s\"", key);
    assert_non_null(strstr(row->json, wanted));
    fill_picture(n, picture);
    assert_int_equal(vg_archive_picture(database, row->id, &jpeg, &size, NULL), VG_OK);
    assert_int_equal(size, PICTURE_BYTES);
    assert_memory_equal(jpeg, picture, PICTURE_BYTES);
    vg_free(jpeg);
}

static void check_archive(struct run *run)
{
    struct vg_database *database = NULL;
    char next[VG_ARCHIVE_CURSOR_SIZE] = "";
    uint8_t *seen = calloc(run->alerts + 1, 1);
    uint32_t rows_seen = 0;
    assert_non_null(seen);
    assert_int_equal(vg_database_open(&database, run->folder, VG_DATABASE_EXISTING, NULL), VG_OK);
    assert_int_equal(vg_database_check(database, NULL), VG_OK);
    do {
        char after[VG_ARCHIVE_CURSOR_SIZE];
        memcpy(after, next, sizeof after);
        const struct vg_archive_filter filter = {.limit = 200, .after = after[0] ? after : NULL};
        struct vg_archive_row *rows = NULL;
        size_t count = 0;
        assert_int_equal(vg_archive_list(database, &filter, &rows, &count, next, NULL), VG_OK);
        for (size_t i = 0; i < count; i++)
            check_row(run, database, &rows[i], seen);
        rows_seen += (uint32_t)count;
        vg_archive_rows_free(&rows, count);
    } while (next[0]);
    vg_database_close(&database);
    uint32_t made_again = 0;
    for (uint32_t n = 1; n <= run->alerts; n++) {
        const unsigned tries = atomic_load(&run->board->tries[n]);
        made_again += tries > 1;
        if (!seen[n])
            fail_msg("alert %u was promised and is not in the archive", n);
        if (seen[n] > 1)
            fail_msg("alert %u was made %u times and is in the archive %u times", n, tries,
                     seen[n]);
    }
    assert_int_equal(rows_seen, run->alerts);
    print_message("%u alerts were made more than once\n", made_again);
    /* a producer killed after its first promise makes its last one again */
    if (run->killed_late > 0)
        assert_true(made_again > 0);
    free(seen);
}

static void check_rest(const struct run *run)
{
    struct vg_redis_link *link = NULL;
    const struct vg_redis_settings settings = vg_redis_defaults(run->redis.socket);
    uint64_t entries = 1;
    assert_int_equal(vg_redis_open(&link, &settings, NULL), VG_OK);
    const int64_t deadline = vg_mono_now().us + DEADLINE_US;
    while (vg_queue_length(link, &entries, NULL) != VG_OK || entries > 0) {
        assert_true(vg_mono_now().us < deadline); /* doubles by key drain too */
        vg_pause_us(10000);
    }
    vg_redis_close(&link);
}

/* ---- the test ---- */

static size_t board_bytes(const struct run *run)
{
    return sizeof *run->board + (run->alerts + 1) * sizeof run->board->tries[0];
}

static int set_up(void **state)
{
    struct run *run = calloc(1, sizeof *run);
    if (!run)
        return -1;
    (void)snprintf(run->folder, sizeof run->folder, "/tmp/vigie-kills-XXXXXX");
    if (!mkdtemp(run->folder))
        return -1;
    (void)snprintf(run->spool, sizeof run->spool, "%s/spool", run->folder);
    private_redis_place(&run->redis, run->folder);
    run->alerts = setting("VIGIE_KILL_ALERTS", 200);
    run->kills = setting("VIGIE_KILL_COUNT", 10);
    run->board =
        mmap(NULL, board_bytes(run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    run->scene = calloc(1, sizeof *run->scene);
    if (run->board == MAP_FAILED || !run->scene)
        return -1;
    run->scene->rule_count = RULE_COUNT;
    for (uint32_t i = 0; i < RULE_COUNT; i++)
        (void)snprintf(run->scene->rule[i].id, sizeof run->scene->rule[i].id, "r%u", i);
    uint32_t random = 0;
    vg_random_bytes(&random, sizeof random);
    run->seed = setting("VIGIE_KILL_SEED", random);
    vg_random_seed(&run->random, run->seed);
    *state = run;
    return 0;
}

static int tear_down(void **state)
{
    struct run *run = *state;
    const pid_t left[] = {run->producer, run->archiver};
    for (size_t i = 0; i < 2; i++)
        if (left[i] > 0) {
            (void)kill(left[i], SIGKILL);
            (void)waitpid(left[i], NULL, 0);
        }
    private_redis_stop(&run->redis);
    store_remove_tree(run->folder, 0);
    (void)munmap(run->board, board_bytes(run));
    free(run->scene);
    free(run);
    return 0;
}

static void test_kills(void **state)
{
    struct run *run = *state;
    print_message("%u alerts, %u kills, VIGIE_KILL_SEED=%llu\n", run->alerts, run->kills,
                  (unsigned long long)run->seed);
    const int64_t begun = vg_mono_now().us;
    private_redis_start(&run->redis, "0");
    run->archiver = start(run, archive);
    run->producer = start(run, produce);
    kill_all_times(run);
    wait_for_producer(run);
    check_rest(run);
    kill_hard(&run->archiver); /* not in order either */
    check_archive(run);
    for (int i = 0; i < PART_COUNT; i++)
        print_message("%s killed %u times\n", part_names[i], run->killed[i]);
    print_message("%u alerts in the archive once each, in %.1f s\n", run->alerts,
                  (double)(vg_mono_now().us - begun) / 1e6);
}

int main(void)
{
    if (!private_redis_there())
        return 77;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setenv("VIGIE_LOG", "error", 0);
    vg_log_init("test");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kills, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
