#include "tests/view_scene.h"

#include <math.h>
#include <string.h>

#include "src/base/alloc.h"

enum {
    W = VG_SCENE_WIDTH,
    H = VG_SCENE_HEIGHT,
    CANVAS_W = 3 * W, /* the picture lies in the middle third */
    CANVAS_H = 3 * H,
    SHAPES = 1400,
    NOISES = 1 << 16,
    PEOPLE = 55
};

struct vg_view_scene {
    uint8_t canvas[CANVAS_W * CANVAS_H];
    uint8_t clear[W * H]; /* as the camera in `seen` sees it, without what changes */
    struct vg_view_scene_camera seen;
    double seen_right;
    uint8_t picture[W * H];
    float normal[NOISES];
    int any;
};

static uint8_t clip(double value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

static void shape(struct vg_random *r, uint8_t *to, int width, int height, int most)
{
    const int w = 4 + (int)vg_random_below(r, (uint32_t)most);
    const int h = 4 + (int)vg_random_below(r, (uint32_t)most);
    const int x0 = (int)vg_random_below(r, (uint32_t)width) - w / 2;
    const int y0 = (int)vg_random_below(r, (uint32_t)height) - h / 2;
    const int grey = 30 + (int)vg_random_below(r, 190);
    const int slope = (int)vg_random_below(r, 5) - 2;
    for (int y = y0 < 0 ? 0 : y0; y < y0 + h && y < height; y++)
        for (int x = x0 < 0 ? 0 : x0; x < x0 + w && x < width; x++)
            to[y * width + x] = clip(grey + slope * (x - x0) / 4.0);
}

struct vg_view_scene *vg_view_scene_open(uint64_t seed)
{
    struct vg_view_scene *scene = vg_alloc(sizeof *scene);
    struct vg_random random;
    if (!scene)
        return NULL;
    vg_random_seed(&random, seed);
    for (int y = 0; y < CANVAS_H; y++) /* bright above, dark below */
        memset(scene->canvas + (size_t)y * CANVAS_W, 200 - y * 120 / CANVAS_H, CANVAS_W);
    for (int i = 0; i < SHAPES; i++)
        shape(&random, scene->canvas, CANVAS_W, CANVAS_H, i < SHAPES / 8 ? 160 : 36);
    for (int i = 0; i < NOISES; i++) /* a sum of twelve, as near to normal as needed */
        for (int k = 0; k < 12; k++)
            scene->normal[i] += (float)(vg_random_unit(&random) - 0.5);
    return scene;
}

void vg_view_scene_close(struct vg_view_scene **scene)
{
    vg_free(*scene);
    *scene = NULL;
}

static double sample(const struct vg_view_scene *scene, double x, double y)
{
    const double cx = x < 0 ? 0 : x > CANVAS_W - 2 ? CANVAS_W - 2 : x;
    const double cy = y < 0 ? 0 : y > CANVAS_H - 2 ? CANVAS_H - 2 : y;
    const int ix = (int)cx, iy = (int)cy;
    const double fx = cx - ix, fy = cy - iy;
    const uint8_t *p = scene->canvas + iy * CANVAS_W + ix;
    return (p[0] * (1 - fx) + p[1] * fx) * (1 - fy) +
           (p[CANVAS_W] * (1 - fx) + p[CANVAS_W + 1] * fx) * fy;
}

static void project(struct vg_view_scene *scene, const struct vg_view_scene_camera *c, double right)
{
    const double zoom = 1 + c->nearer, turn = c->degrees * 3.14159265358979 / 180;
    const double co = cos(turn) / zoom, si = sin(turn) / zoom;
    const double gamma = c->gamma > 0 ? c->gamma : 1, gain = c->gain > 0 ? c->gain : 1;
    uint8_t light[256];
    for (int i = 0; i < 256; i++)
        light[i] = c->infra ? clip(i < 110 ? 190 - i : 40 + (i - 110) * 0.6)
                            : clip(255 * gain * pow(i / 255.0, gamma) + c->lift);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const double px = x - W / 2.0, py = y - H / 2.0;
            const double grey = sample(scene, W * 1.5 + co * px - si * py + right,
                                       H * (1.5 + c->down) + si * px + co * py);
            scene->clear[y * W + x] = light[clip(grey)];
        }
}

static void blur_line(uint8_t *line, int count, int stride, const float *weight, int reach)
{
    float out[W > H ? W : H];
    for (int i = 0; i < count; i++) {
        out[i] = 0;
        for (int k = -reach; k <= reach; k++) {
            const int at = i + k < 0 ? 0 : i + k >= count ? count - 1 : i + k;
            out[i] += weight[k < 0 ? -k : k] * (float)line[at * stride];
        }
    }
    for (int i = 0; i < count; i++)
        line[i * stride] = clip((double)out[i]);
}

static void blur(uint8_t *picture, double deviation)
{
    float weight[64] = {0}, sum = 0;
    const int reach = (int)(3 * deviation + 1);
    for (int k = 0; k <= reach; k++) {
        weight[k] = (float)exp(-k * k / (2 * deviation * deviation));
        sum += k ? 2 * weight[k] : weight[k];
    }
    for (int k = 0; k <= reach; k++)
        weight[k] /= sum;
    for (int y = 0; y < H; y++)
        blur_line(picture + y * W, W, 1, weight, reach);
    for (int x = 0; x < W; x++)
        blur_line(picture + x, H, W, weight, reach);
}

static void fill(uint8_t *picture, int x0, int y0, int w, int h, int grey)
{
    for (int y = y0 < 0 ? 0 : y0; y < y0 + h && y < H; y++)
        for (int x = x0 < 0 ? 0 : x0; x < x0 + w && x < W; x++)
            picture[y * W + x] = (uint8_t)grey;
}

static void crowd(uint8_t *picture, uint32_t n)
{
    struct vg_random r;
    vg_random_seed(&r, 1000 + n);
    for (int i = 0; i < PEOPLE; i++) {
        const int x = (int)vg_random_below(&r, W), y = (int)vg_random_below(&r, H);
        for (int part = 0; part < 4; part++)
            fill(picture, x - 12, y + part * 16, 24, 16, 20 + (int)vg_random_below(&r, 200));
    }
}

static void vehicle(uint8_t *picture, uint32_t n)
{
    struct vg_random r;
    const int left = (int)(n % 9) * W / 4 - W; /* in by the left, out by the right, 9 s */
    vg_random_seed(&r, 77);
    fill(picture, left, 0, W * 2 / 3, H, 140);
    for (int i = 0; i < 40; i++) {
        const int x = left + (int)vg_random_below(&r, W * 2 / 3 - 30);
        const int y = (int)vg_random_below(&r, H - 20), w = 10 + (int)vg_random_below(&r, 20);
        const int h = 5 + (int)vg_random_below(&r, 15);
        fill(picture, x, y, w, h, (int)vg_random_below(&r, 255));
    }
}

/* Streaks that shine through. */
static void rain(uint8_t *picture, uint32_t n)
{
    struct vg_random r;
    vg_random_seed(&r, 5000 + n);
    for (int i = 0; i < 900; i++) {
        const int x = (int)vg_random_below(&r, W), top = (int)vg_random_below(&r, H - 20);
        const int bottom = top + 6 + (int)vg_random_below(&r, 14);
        for (int y = top; y < bottom; y++)
            picture[y * W + x] = clip(picture[y * W + x] + 70);
    }
}

static void pass(uint8_t *picture, enum vg_view_scene_passers passers, uint32_t n)
{
    if (passers == VG_SCENE_CROWD)
        crowd(picture, n);
    if (passers == VG_SCENE_VEHICLE)
        vehicle(picture, n);
    if (passers == VG_SCENE_RAIN)
        rain(picture, n);
}

static void shade(uint8_t *picture, double share)
{
    for (int y = 0; y < H; y++)
        for (int x = (int)(W * (1 - share)); x < W; x++)
            picture[y * W + x] = (uint8_t)(picture[y * W + x] / 12);
}

static void add_noise(struct vg_view_scene *scene, double deviation, uint32_t n)
{
    struct vg_random r;
    vg_random_seed(&r, 31 + n);
    for (int y = 0; y < H; y++) {
        uint32_t at = vg_random_below(&r, NOISES);
        for (int x = 0; x < W; x++, at = (at + 1) % NOISES)
            scene->picture[y * W + x] =
                clip(scene->picture[y * W + x] + deviation * (double)scene->normal[at]);
    }
}

static void dots(uint8_t *picture, struct vg_random *r, int count, int left, uint32_t wide)
{
    for (int i = 0; i < count; i++) {
        const int x = left + (int)vg_random_below(r, wide), y = 8 + (int)vg_random_below(r, 8);
        fill(picture, x, y, 3, 3, 255);
    }
}

static void write_text(uint8_t *picture, uint32_t n)
{
    struct vg_random r;
    fill(picture, 8, 6, 150, 14, 0);
    vg_random_seed(&r, 9);
    dots(picture, &r, 40, 10, 124);
    vg_random_seed(&r, n);
    dots(picture, &r, 3, 140, 12);
}

struct vg_picture vg_view_scene_picture(struct vg_view_scene *scene,
                                        const struct vg_view_scene_camera *camera, uint32_t n)
{
    const double right = camera->right * W + (n % 2 ? camera->shake : -camera->shake);
    if (!scene->any || memcmp(&scene->seen, camera, sizeof *camera) != 0 ||
        right < scene->seen_right || right > scene->seen_right) {
        project(scene, camera, right);
        if (camera->blur > 0)
            blur(scene->clear, camera->blur);
        scene->seen = *camera;
        scene->seen_right = right;
        scene->any = 1;
    }
    memcpy(scene->picture, scene->clear, sizeof scene->picture);
    pass(scene->picture, camera->passers, n);
    shade(scene->picture, camera->dark_side);
    fill(scene->picture, 0, 0, (int)(W * camera->cover), H, camera->cover_luma);
    if (camera->noise > 0)
        add_noise(scene, camera->noise, camera->frozen ? 0 : n);
    if (camera->text)
        write_text(scene->picture, n);
    return (struct vg_picture){
        .luma = scene->picture, .width = W, .height = H, .luma_stride = W, .range = VG_RANGE_FULL};
}
