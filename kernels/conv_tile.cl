/* Dense convolution for GPUs, as a product of matrices: any window, stride and dilation, one group.
 *
 *   y[o][n] = finish(bias[o] + sum over i, ky, kx of w[o][i][ky][kx] * x[i][place of (n, ky, kx)])
 *
 * with n all pixels of all pictures of a batch in one row (so that small maps fill tiles together),
 * and finish (activation, sum with x2) of conv_store.clh. No matrix of windows is ever made: a
 * slab, one place of the window in one block of x, is a shift of addresses.
 *
 *   group      P pixels by OB blocks of y; slab by slab x and the weights are put into local
 *              memory, the next slab on its way while this one is multiplied
 *   work-item  4 x 8 values (8 x 8 where P >= 128, 8 x 4 or 4 x 4 where y's part is 16 channels
 *              wide), as vectors of 4 neighbouring channels, so that the 4 work-items of a pixel's
 *              block store one after the other
 *
 * x, y, x2 blocked layout (kernel_sizes.h), vectors at multiples of their size; x may be the net's
 *          input, X_PIXEL 4. All lanes of x's last block are read and meet weights of 0.
 * w        [group of OB blocks][block of x][ky][kx][lane][OB * VG_BLOCK]; the bias in the same
 *          buffer. Both with zeros where y has no channel.
 * work     (tiles * ITEMS, groups of OB blocks), groups of ITEMS (vg_conv_group_items); a tile is P
 *          pixels of the batch.
 * Tunables P 32, 64, 128 or 256; OB 1, 2, 4 or 8; ITEMS 32 to 256. Local memory: two slabs,
 *          8 * X_PIXEL * (P + 4 + OB * VG_BLOCK) bytes.
 * Cost     2 * K_Y * K_X * channels(x) * channels(y) * pixels operations, of x's and y's whole
 *          blocks.
 * Assumes  a halo of zeros in x (vg_conv_reach). */
#define SPREAD 1
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#include "conv_pixels.clh"

#ifndef P
#define P 64
#endif
#ifndef OB
#define OB 4
#endif
#ifndef K_Y
#define K_Y 3
#define K_X 3
#endif
#ifndef S_Y
#define S_Y 1
#define S_X 1
#endif
#ifndef D_Y
#define D_Y 1
#define D_X 1
#endif
#ifndef X_PIXEL
#define X_PIXEL VG_BLOCK
#endif
#define TAPS   (K_Y * K_X)
#define WIDTH  (OB * VG_BLOCK)
#define QUADS  (P >= 128 ? 2 : 1)    /* of pixels, each work-item's */
#define VECS   (WIDTH >= 32 ? 2 : 1) /* of channels */
#define DOWN   (P / (4 * QUADS))     /* work-items over the pixels */
#define ACROSS (WIDTH / (4 * VECS))  /* over the channels */
#define ITEMS  (DOWN * ACROSS)
#define X_ROW  (P + 4) /* floats of a channel in local memory: fewer stores meet in one bank */
#define X_VECS (P * X_PIXEL / 4)
#define W_VECS (WIDTH * X_PIXEL / 4)
#define X_EACH ((X_VECS + ITEMS - 1) / ITEMS) /* vectors that a work-item carries */
#define W_EACH ((W_VECS + ITEMS - 1) / ITEMS)

/* A slab in local memory: x turned, pixels side by side, and the weights as they are. */
struct slab {
    float x[X_PIXEL * X_ROW];
    float w[X_PIXEL * WIDTH];
} __attribute__((aligned(16)));

/* A slab on its way: what this work-item carries. */
struct load {
    vec x[X_EACH], w[W_EACH];
};

static inline void load_begin(struct load *load, __global const elem *x, const int *from,
                              __global const float *w, const struct vg_conv_sizes *s, int slab,
                              int item)
{
    const int tap = slab % TAPS;
    x += slab / TAPS * s->x.plane + tap / K_X * D_Y * s->x.row + tap % K_X * D_X * X_PIXEL;
    w += slab * X_PIXEL * WIDTH;
    UNROLL for (int i = 0; i < X_EACH; i++)
        if (X_VECS % ITEMS == 0 || item + i * ITEMS < X_VECS)
            load->x[i] = LOAD(x + from[i]);
    UNROLL for (int i = 0; i < W_EACH; i++)
        if (W_VECS % ITEMS == 0 || item + i * ITEMS < W_VECS)
            load->w[i] = LOAD_FLOAT(w + (item + i * ITEMS) * 4);
}

static inline void load_end(const struct load *load, __local struct slab *slab, int item)
{
    UNROLL for (int i = 0; i < X_EACH; i++) {
        const int at = item + i * ITEMS, pixel = at / (X_PIXEL / 4), lane = at % (X_PIXEL / 4) * 4;
        if (X_VECS % ITEMS == 0 || at < X_VECS) {
            slab->x[lane * X_ROW + pixel] = load->x[i].s0;
            slab->x[(lane + 1) * X_ROW + pixel] = load->x[i].s1;
            slab->x[(lane + 2) * X_ROW + pixel] = load->x[i].s2;
            slab->x[(lane + 3) * X_ROW + pixel] = load->x[i].s3;
        }
    }
    UNROLL for (int i = 0; i < W_EACH; i++)
        if (W_VECS % ITEMS == 0 || item + i * ITEMS < W_VECS)
            *(__local vec *)(slab->w + (item + i * ITEMS) * 4) = load->w[i];
}

/* sum[pixel][vector]: pixels (quad * DOWN + down) * 4 + 0..3, channels (v * ACROSS + across) * 4 */
static inline void multiply(const __local struct slab *slab, int down, int across,
                            vec sum[4 * QUADS][VECS])
{
    UNROLL for (int k = 0; k < X_PIXEL; k++) {
        vec weight[VECS];
        UNROLL for (int v = 0; v < VECS; v++)
            weight[v] =
                *(const __local vec *)(slab->w + k * WIDTH + (v * ACROSS + across) * 4);
        UNROLL for (int q = 0; q < QUADS; q++) {
            const vec x = *(const __local vec *)(slab->x + k * X_ROW + (q * DOWN + down) * 4);
            UNROLL for (int v = 0; v < VECS; v++) {
                sum[4 * q][v] = fma((vec)x.s0, weight[v], sum[4 * q][v]);
                sum[4 * q + 1][v] = fma((vec)x.s1, weight[v], sum[4 * q + 1][v]);
                sum[4 * q + 2][v] = fma((vec)x.s2, weight[v], sum[4 * q + 2][v]);
                sum[4 * q + 3][v] = fma((vec)x.s3, weight[v], sum[4 * q + 3][v]);
            }
        }
    }
}

__attribute__((reqd_work_group_size(ITEMS, 1, 1))) __kernel void
conv_tile(__global const elem *x, __global const float *w, __global const elem *x2,
          __global elem *y, const struct vg_conv_sizes s)
{
    __local struct slab slab[2];
    const int item = (int)get_local_id(0), across = item % ACROSS, down = item / ACROSS;
    const int first = (int)get_group_id(0) * P, channel = (int)get_group_id(1) * WIDTH;
    const int slabs = (s.x_channels + X_PIXEL - 1) / X_PIXEL * TAPS;
    const int pixels = s.width * s.height * s.pictures;

    int from[X_EACH]; /* where this work-item's part of a slab stands in x */
    UNROLL for (int i = 0; i < X_EACH; i++) {
        const int at = item + i * ITEMS;
        const struct place place = place_of(first + at / (X_PIXEL / 4), &s);
        from[i] = place.picture * s.x.picture + (place.row * S_Y - s.above) * s.x.row +
                  (place.column * S_X - s.left) * X_PIXEL + at % (X_PIXEL / 4) * 4;
    }
    x += s.x.first;
    __global const float *bias = w + s.bias_first + channel;
    w += s.w_first + (int)get_group_id(1) * slabs * X_PIXEL * WIDTH;

    vec sum[4 * QUADS][VECS];
    UNROLL for (int v = 0; v < VECS; v++)
        UNROLL for (int p = 0; p < 4 * QUADS; p++)
            sum[p][v] = LOAD_FLOAT(bias + (v * ACROSS + across) * 4);

    struct load load;
    load_begin(&load, x, from, w, &s, 0, item);
    load_end(&load, &slab[0], item);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < slabs; i++) {
        if (i + 1 < slabs)
            load_begin(&load, x, from, w, &s, i + 1, item);
        multiply(&slab[i % 2], down, across, sum);
        if (i + 1 < slabs)
            load_end(&load, &slab[(i + 1) % 2], item);
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    const int channels = (s.y_channels + VG_BLOCK - 1) / VG_BLOCK * VG_BLOCK;
    UNROLL for (int p = 0; p < 4 * QUADS; p++) {
        const int n = first + (p / 4 * DOWN + down) * 4 + p % 4;
        const struct place at = place_of(n, &s);
        UNROLL for (int v = 0; v < VECS; v++)
            if (n < pixels && channel + (v * ACROSS + across) * 4 < channels)
                value_store(sum[p][v], at, channel + (v * ACROSS + across) * 4, x2, y, &s);
    }
}
