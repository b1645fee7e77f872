/* What a probe measures of the test camera with its faults, each within a tolerance. All sources are
 * probed at once: that is how a list is probed. What is measured in seconds a machine can spoil that
 * is taken away for one: what was not as expected is measured again, a few times.
 * labels: threads */
#include "tests/media_fixture.h"

#include <pthread.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/media/probe.h"

#define S         VG_US_PER_S
#define LAST_US   (2 * S)
#define COUNT(a)  (sizeof(a) / sizeof *(a))
#define GOP       25
#define LOSS      0.04
#define ROUNDS    5
#define PORT_NONE 1 /* of loopback: nobody listens */

enum which {
    PLAIN, /* H.264 without B-frames, 352x288, 25 a second, a key frame each second; then 176x144 */
    GUARDED, /* the same, for an account */
    SECURE,  /* the same, by TLS */
    ONE_KEY, /* one key frame in 8 s */
    H265,
    MJPEG,
    CAMERAS,
    CLIP_B = CAMERAS, /* files */
    CLIP_TORN,
    NOBODY
};

struct rig {
    struct media_folder folder;
    struct camera_child camera[CAMERAS];
    char clip_b[512], clip_torn[512];
    uint8_t *ca_pem;
};

struct asked {
    const char *name;
    enum which which;
    const char *faults;
    enum vg_transport transport;
    enum {
        NO_ACCOUNT,
        RIGHT_ACCOUNT,
        WRONG_ACCOUNT
    } account;
    enum {
        NO_TRUST,
        TRUST
    } trust;
    enum vg_status status;
    bool (*check)(const struct vg_probe_figures *f);
};

/* ---- what is expected ---- */

static bool near(double is, double want, double part)
{
    return is >= want * (1 - part) && is <= want * (1 + part);
}

static bool steady(const struct vg_probe_figures *f)
{
    return strcmp(f->codec, "h264") == 0 && strcmp(f->profile, "High") == 0 && f->width == 352 &&
           f->height == 288 && near(f->fps_milli, 25000, 0.25) && f->told_milli == 25000 &&
           f->key_interval == GOP && near((double)f->key_us, S, 0.6) &&
           near((double)f->bits_per_s, 400e3, 0.9) && near((double)f->lasted_us, LAST_US, 0.5) &&
           f->gap_us > 30000 && f->gap_us < LAST_US &&
           f->lost + f->damaged + f->refused + f->jumps + f->sizes == 0 &&
           f->packets >= f->pictures && f->pictures + 3 >= f->received &&
           !(f->b_frames || f->interlaced) && f->open_us > 0 && f->open_us <= f->first_us &&
           f->first_us < 3 * S;
}

static bool by_tcp(const struct vg_probe_figures *f)
{
    return steady(f) && f->transport == VG_TRANSPORT_TCP && !f->encrypted;
}

static bool by_udp(const struct vg_probe_figures *f)
{
    return steady(f) && f->transport == VG_TRANSPORT_UDP;
}

static bool by_tls(const struct vg_probe_figures *f)
{
    return steady(f) && f->transport == VG_TRANSPORT_TCP && f->encrypted;
}

static bool lossy(const struct vg_probe_figures *f)
{
    return f->lost > 0 && near((double)f->lost / (double)(f->packets + f->lost), LOSS, 0.9) &&
           f->damaged > 0 && f->damaged <= f->pictures;
}

static bool jittery(const struct vg_probe_figures *f)
{
    return f->jitter_us > 5000 && f->lost == 0;
}

static bool frozen(const struct vg_probe_figures *f)
{
    return f->pictures >= 10 && f->pictures <= 30;
}

static bool thawed(const struct vg_probe_figures *f)
{
    return f->gap_us > 600000;
}

static bool smaller(const struct vg_probe_figures *f)
{
    return f->sizes == 1 && f->width == 176 && f->height == 144;
}

static bool jumped(const struct vg_probe_figures *f)
{
    return f->jumps == 1 && near(f->fps_milli, 25000, 0.25); /* by the arrivals */
}

static bool never_open(const struct vg_probe_figures *f)
{
    return strcmp(f->codec, "") == 0 && f->received + f->pictures + f->early == 0;
}

static bool nothing_came(const struct vg_probe_figures *f)
{
    return strcmp(f->codec, "h264") == 0 && f->received + f->pictures + f->early == 0;
}

static bool without_key(const struct vg_probe_figures *f)
{
    return f->early > 10 && f->received + f->pictures == 0;
}

static bool rare_key(const struct vg_probe_figures *f)
{
    return f->key_interval == 0 && near((double)f->key_us, LAST_US, 0.5);
}

static bool as_h265(const struct vg_probe_figures *f)
{
    return strcmp(f->codec, "hevc") == 0 && strcmp(f->profile, "Main") == 0 && f->pictures > 10;
}

static bool as_mjpeg(const struct vg_probe_figures *f)
{
    return strcmp(f->codec, "mjpeg") == 0 && f->key_interval == 1 && f->pictures > 10;
}

static bool with_b_frames(const struct vg_probe_figures *f)
{
    return f->b_frames && !f->interlaced && f->transport == VG_TRANSPORT_AUTO && f->packets == 0;
}

static bool torn(const struct vg_probe_figures *f)
{
    return f->interlaced;
}

static const struct asked rows[] = {
    {"tcp", PLAIN, "", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_OK, by_tcp},
    {"auto", PLAIN, "", VG_TRANSPORT_AUTO, NO_ACCOUNT, NO_TRUST, VG_OK, by_tcp},
    {"udp", PLAIN, "", VG_TRANSPORT_UDP, NO_ACCOUNT, NO_TRUST, VG_OK, by_udp},
    {"auto, no tcp", PLAIN, "?notcp", VG_TRANSPORT_AUTO, NO_ACCOUNT, NO_TRUST, VG_OK, by_udp},
    {"tcp refused", PLAIN, "?notcp", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_E_STATE,
     never_open},
    {"account", GUARDED, "", VG_TRANSPORT_TCP, RIGHT_ACCOUNT, NO_TRUST, VG_OK, by_tcp},
    {"wrong account", GUARDED, "", VG_TRANSPORT_TCP, WRONG_ACCOUNT, NO_TRUST, VG_E_DENIED,
     never_open},
    {"no account", GUARDED, "", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_E_DENIED, never_open},
    {"tls", SECURE, "", VG_TRANSPORT_AUTO, NO_ACCOUNT, TRUST, VG_OK, by_tls},
    {"tls not believed", SECURE, "", VG_TRANSPORT_AUTO, NO_ACCOUNT, NO_TRUST, VG_E_INTEGRITY,
     never_open},
    {"loss", PLAIN, "?loss=0.04&seed=7", VG_TRANSPORT_UDP, NO_ACCOUNT, NO_TRUST, VG_OK, lossy},
    {"jitter", PLAIN, "?jitter=300", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_OK, jittery},
    {"freeze", PLAIN, "?freeze=0.8", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_E_TIMEOUT, frozen},
    {"thaw", PLAIN, "?freeze=0.5&thaw=0.8", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_OK, thawed},
    {"size", PLAIN, "?second=1", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_OK, smaller},
    {"jump", PLAIN, "?jump=1&by=60", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_OK, jumped},
    {"close", PLAIN, "?close=0.8", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_E_CLOSED, frozen},
    {"no data", PLAIN, "?nodata", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_E_TIMEOUT,
     nothing_came},
    {"no path", PLAIN, "?describe=404", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_E_MISSING,
     never_open},
    {"no key", ONE_KEY, "?startnokey", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_E_TIMEOUT,
     without_key},
    {"rare key", ONE_KEY, "", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_OK, rare_key},
    {"h265", H265, "", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_OK, as_h265},
    {"mjpeg", MJPEG, "", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_OK, as_mjpeg},
    {"b-frames", CLIP_B, "", VG_TRANSPORT_AUTO, NO_ACCOUNT, NO_TRUST, VG_OK, with_b_frames},
    {"interlaced", CLIP_TORN, "", VG_TRANSPORT_AUTO, NO_ACCOUNT, NO_TRUST, VG_OK, torn},
    {"nobody", NOBODY, "", VG_TRANSPORT_TCP, NO_ACCOUNT, NO_TRUST, VG_E_IO, never_open},
};

/* ---- the probes ---- */

struct one {
    const struct rig *rig;
    const struct asked *asked;
    pthread_t thread;
    enum vg_status status;
    struct vg_probe_figures figures;
    struct vg_fault fault;
    char url[640];
};

static void url_of(struct one *one)
{
    const struct asked *asked = one->asked;
    const char *const clip = asked->which == CLIP_B ? one->rig->clip_b : one->rig->clip_torn;
    if (asked->which == NOBODY)
        (void)snprintf(one->url, sizeof one->url, "rtsp://127.0.0.1:%d/x", PORT_NONE);
    else if (asked->which >= CAMERAS)
        (void)snprintf(one->url, sizeof one->url, "file:%s", clip);
    else
        (void)snprintf(one->url, sizeof one->url, "%s://127.0.0.1:%u/x%s",
                       asked->which == SECURE ? "rtsps" : "rtsp",
                       one->rig->camera[asked->which].port, asked->faults);
}

static void *probe(void *argument)
{
    struct one *one = argument;
    const struct asked *asked = one->asked;
    struct vg_source_settings source = vg_source_defaults();
    struct vg_probe_settings settings = vg_probe_defaults();
    source.kind = VG_SOURCE_LIVE;
    source.url = one->url;
    source.transport = asked->transport;
    source.read_us = 2 * S;
    source.user = asked->account == NO_ACCOUNT ? "" : "user";
    source.password = asked->account == RIGHT_ACCOUNT ? "pass" : "SECRET";
    if (asked->trust == TRUST)
        source.network.trust.ca_pem = (const char *)one->rig->ca_pem;
    settings.last_us = LAST_US;
    one->status = vg_probe_run(&source, &settings, &one->figures, &one->fault);
    return NULL;
}

/* Neither address nor password is ever told, however often it is tried. */
static void tells_nothing(const struct one *one)
{
    char told[1200] = "";
    assert_int_equal(one->figures.status, one->status);
    if (one->status)
        vg_fault_text(&one->fault, told, sizeof told);
    assert_true(!one->status || told[0]);
    assert_null(strstr(told, "127.0.0.1"));
    assert_null(strstr(told, "SECRET"));
}

static bool as_expected(const struct one *one)
{
    const struct vg_probe_figures *f = &one->figures;
    const bool good = one->status == one->asked->status && one->asked->check(f);
    print_message("%s%s: %s, %s, %u mfps, key %u %lld us, gap %lld, lasted %lld, open %lld, "
                  "first %lld, lost %llu of %llu, jitter %u, pictures %llu, damaged %llu\n",
                  good ? "" : "NOT AS EXPECTED: ", one->asked->name, vg_status_name(f->status),
                  f->codec, f->fps_milli, f->key_interval, (long long)f->key_us,
                  (long long)f->gap_us, (long long)f->lasted_us, (long long)f->open_us,
                  (long long)f->first_us, (unsigned long long)f->lost,
                  (unsigned long long)f->packets, f->jitter_us, (unsigned long long)f->pictures,
                  (unsigned long long)f->damaged);
    return good;
}

static void figures_are_measured(void **state)
{
    static struct one all[COUNT(rows)];
    size_t left = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        all[left++].asked = &rows[i];
    for (int round = 0; round < ROUNDS && left > 0; round++) {
        const size_t count = left;
        for (size_t i = 0; i < count; i++) {
            all[i] = (struct one){.rig = *state, .asked = all[i].asked};
            url_of(&all[i]);
            assert_int_equal(pthread_create(&all[i].thread, NULL, probe, &all[i]), 0);
        }
        for (size_t i = 0; i < count; i++)
            assert_int_equal(pthread_join(all[i].thread, NULL), 0);
        left = 0;
        for (size_t i = 0; i < count; i++) {
            tells_nothing(&all[i]);
            if (!as_expected(&all[i]))
                all[left++].asked = all[i].asked;
        }
    }
    assert_int_equal(left, 0);
}

struct looks {
    uint32_t count, width, height;
};

static void look(void *context, const struct vg_picture *picture)
{
    struct looks *looks = context;
    looks->count++;
    looks->width = picture->width;
    looks->height = picture->height;
}

/* A look now and then, not at each picture. */
static void pictures_are_looked_at(void **state)
{
    struct rig *rig = *state;
    char url[640];
    struct looks looks = {0};
    struct vg_probe_figures figures;
    struct vg_source_settings source = vg_source_defaults();
    struct vg_probe_settings settings = vg_probe_defaults();
    (void)snprintf(url, sizeof url, "rtsp://127.0.0.1:%u/x", rig->camera[PLAIN].port);
    source.kind = VG_SOURCE_LIVE;
    source.url = url;
    settings.last_us = S / 2;
    settings.every_us = S / 8;
    settings.look = look;
    settings.context = &looks;
    for (int round = 0; round < ROUNDS && (looks.count < 2 || looks.count > 5); round++) {
        looks.count = 0;
        assert_int_equal(vg_probe_run(&source, &settings, &figures, NULL), VG_OK);
    }
    assert_true(looks.count >= 2 && looks.count <= 5);
    assert_int_equal(looks.width, 352);
    assert_int_equal(looks.height, 288);
}

/* ---- the cameras ---- */

static const char *const x264[] = {"-c:v", "libx264", "-preset", "veryfast", "-bf", "0",
                                   "-g",   "25",      "-b:v",    "400k",     NULL};

static void start(struct rig *rig, enum which which, const char *clip, const char *const *options)
{
    char path[512];
    folder_file(&rig->folder, clip, path, sizeof path);
    camera_start_with(&rig->camera[which], options, path);
    assert_true(rig->camera[which].port > 0);
}

static void make_clips(struct rig *rig)
{
    static const char *const one[] = {"-c:v", "libx264", "-preset", "ultrafast", "-g",
                                      "9999", "-bf",     "0",       NULL};
    static const char *const b[] = {"-c:v", "libx264", "-bf", "2", "-g", "25", NULL};
    static const char *const interlaced[] = {"-c:v",         "libx264", "-flags", "+ildct+ilme",
                                             "-x264-params", "tff=1",   NULL};
    static const char *const x265[] = {
        "-c:v",     "libx265", "-preset",      "ultrafast",
        "-pix_fmt", "yuv420p", "-x265-params", "log-level=error:bframes=0:keyint=25",
        NULL};
    static const char *const jpeg[] = {"-c:v",     "mjpeg", "-huffman", "default", "-pix_fmt",
                                       "yuvj420p", "-q:v",  "10",       NULL};
    make_clip(&rig->folder, "plain.mp4", "testsrc2=s=352x288:r=25:d=3,format=yuv420p", x264);
    make_clip(&rig->folder, "small.mp4", "testsrc2=s=176x144:r=25:d=3,format=yuv420p", x264);
    make_clip(&rig->folder, "one.mp4", "testsrc2=s=176x144:r=25:d=8,format=yuv420p", one);
    make_clip(&rig->folder, "b.mp4", "testsrc2=s=176x144:r=25:d=3,format=yuv420p", b);
    make_clip(&rig->folder, "torn.mp4", "testsrc2=s=176x144:r=25:d=3,format=yuv420p", interlaced);
    make_clip(&rig->folder, "h265.mp4", "testsrc2=s=176x144:r=25:d=3", x265);
    make_clip(&rig->folder, "mjpeg.mp4", "testsrc2=s=176x144:r=25:d=3", jpeg);
}

static int set_up(void **state)
{
    static struct rig rig;
    char certs[512], script[512], pem[600], key[600], small[512];
    size_t size = 0;
    folder_open(&rig.folder);
    folder_file(&rig.folder, "certs", certs, sizeof certs);
    vg_source_path("tests/camera/certs.sh", script, sizeof script);
    const char *const make[] = {"bash", script, certs, NULL};
    assert_int_equal(run_command(make), 0);
    make_clips(&rig);
    folder_file(&rig.folder, "small.mp4", small, sizeof small);
    folder_file(&rig.folder, "b.mp4", rig.clip_b, sizeof rig.clip_b);
    folder_file(&rig.folder, "torn.mp4", rig.clip_torn, sizeof rig.clip_torn);
    folder_file(&rig.folder, "certs/ca.pem", pem, sizeof pem);
    assert_int_equal(vg_file_read(pem, 65536, &rig.ca_pem, &size, NULL), VG_OK);
    folder_file(&rig.folder, "certs/server.pem", pem, sizeof pem);
    folder_file(&rig.folder, "certs/server.key", key, sizeof key);
    const char *const plain[] = {"--mtu", "300", "--second", small, NULL};
    const char *const guarded[] = {"-a", "dXNlcjpwYXNz", NULL}; /* user:pass */
    const char *const secure[] = {"--cert", pem, "--key", key, NULL};
    start(&rig, PLAIN, "plain.mp4", plain);
    start(&rig, GUARDED, "plain.mp4", guarded);
    start(&rig, SECURE, "plain.mp4", secure);
    start(&rig, ONE_KEY, "one.mp4", NULL);
    start(&rig, H265, "h265.mp4", NULL);
    start(&rig, MJPEG, "mjpeg.mp4", NULL);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    for (size_t i = 0; i < CAMERAS; i++)
        camera_stop(&rig->camera[i]);
    vg_free(rig->ca_pem);
    folder_close(&rig->folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_measured),
        cmocka_unit_test(pictures_are_looked_at),
    };
    return cmocka_run_group_tests_name("probe", tests, set_up, tear_down);
}
