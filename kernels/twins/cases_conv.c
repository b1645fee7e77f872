/* Convolutions. A case is a line of CASES: what all families have, and what it is built for. */
#include <assert.h>
#include <math.h>

#include "kernels/conv_weights.h"
#include "kernels/twins/cases_planes.h"
#include "kernels/twins/conv_twin.h"
#include "src/base/alloc.h"

#define SUMS     "float sums of up to 2400 products, in another order than the twin's"
#define WINO     "F(4,3) in float: its constants (up to 8 and 1/24) cost three bits more"
#define DIRECT   VG_KERNEL_CONV_DIRECT
#define WINOGRAD VG_KERNEL_CONV_WINO
#define WINO_IN  VG_KERNEL_CONV_WINO_IN
#define WINO_MUL VG_KERNEL_CONV_WINO_MUL
#define WINO2    VG_KERNEL_CONV_WINO2
#define ANY      VG_KERNEL_CONV_ANY
#define TILE     VG_KERNEL_CONV_TILE
#define SUBGROUP VG_KERNEL_CONV_SUBGROUP
#define MMA      VG_KERNEL_CONV_MMA_PTX
#define PACK     VG_KERNEL_GEMM_PACK
#define UNPACK   VG_KERNEL_GEMM_UNPACK
#define HALVES   "a half holds 11 bits: 2^-11 of a value, and the float sums"
#define SMALL    VG_CASE_SMALL
#define FULL     VG_CASE_FULL

enum window_name {
    W1,
    W1S2,
    W3,
    W3S2,
    W3D2,
    W3BARE,
    W5,
    W5S2,
    W6S2,
    W1X7,
    W7X1,
    W_ODD
};

static const struct window {
    uint32_t size_y, size_x, stride_y, stride_x, dilation_y, dilation_x;
    vg_i32 above, left, below, right;
} windows[] = {
    [W1] = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0},   [W1S2] = {1, 1, 2, 2, 1, 1, 0, 0, 0, 0},
    [W3] = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1},   [W3S2] = {3, 3, 2, 2, 1, 1, 1, 1, 1, 1},
    [W3D2] = {3, 3, 1, 1, 2, 2, 2, 2, 2, 2}, [W3BARE] = {3, 3, 1, 1, 1, 1, 0, 0, 0, 0},
    [W5] = {5, 5, 1, 1, 1, 1, 2, 2, 2, 2},   [W5S2] = {5, 5, 2, 2, 1, 1, 2, 2, 2, 2},
    [W6S2] = {6, 6, 2, 2, 1, 1, 2, 2, 2, 2}, [W1X7] = {1, 7, 1, 1, 1, 1, 0, 3, 0, 3},
    [W7X1] = {7, 1, 1, 1, 1, 1, 3, 0, 3, 0}, [W_ODD] = {2, 3, 1, 2, 3, 1, 2, 0, 1, 1},
};

enum store_name {
    LINEAR,
    LEAKY,
    CLIP,
    SIGMOID,
    SILU,
    HARD_SIGMOID,
    HARD_SWISH,
    LEAKY_FIRST,
    BEFORE,
    AFTER,
    TWICE,
    HALF,
    ANY_RATIO,
    NEAREST,
    SILU_TWICE,
};

static const struct store {
    uint32_t act;
    float a, b;
    vg_i32 act_blocks; /* most */
    enum vg_conv_add add;
    vg_i32 x2_num, x2_den; /* size of x2 to that of y */
} stores[] = {
    [LINEAR] = {VG_ACT_CODE_NONE, 0, 0, 99, VG_CONV_ADD_NONE, 0, 1},
    [LEAKY] = {VG_ACT_CODE_LEAKY, 0.1f, 0, 99, VG_CONV_ADD_NONE, 0, 1},
    [CLIP] = {VG_ACT_CODE_CLIP, -0.2f, 0.6f, 99, VG_CONV_ADD_NONE, 0, 1},
    [SIGMOID] = {VG_ACT_CODE_SIGMOID, 0, 0, 99, VG_CONV_ADD_NONE, 0, 1},
    [SILU] = {VG_ACT_CODE_SILU, 0, 0, 99, VG_CONV_ADD_NONE, 0, 1},
    [HARD_SIGMOID] = {VG_ACT_CODE_HARD_SIGMOID, 0.2f, 0.5f, 99, VG_CONV_ADD_NONE, 0, 1},
    [HARD_SWISH] = {VG_ACT_CODE_HARD_SWISH, 0, 0, 99, VG_CONV_ADD_NONE, 0, 1},
    [LEAKY_FIRST] = {VG_ACT_CODE_LEAKY, 0.1f, 0, 1, VG_CONV_ADD_NONE, 0, 1},
    [BEFORE] = {VG_ACT_CODE_LEAKY, 0, 0, 99, VG_CONV_ADD_BEFORE, 1, 1},
    [AFTER] = {VG_ACT_CODE_LEAKY, 0.1f, 0, 99, VG_CONV_ADD_AFTER, 1, 1},
    [TWICE] = {VG_ACT_CODE_LEAKY, 0.1f, 0, 99, VG_CONV_ADD_LINEAR, 1, 2},
    [HALF] = {VG_ACT_CODE_NONE, 0, 0, 99, VG_CONV_ADD_LINEAR, 2, 1},
    [ANY_RATIO] = {VG_ACT_CODE_NONE, 0, 0, 99, VG_CONV_ADD_LINEAR, 3, 5},
    [NEAREST] = {VG_ACT_CODE_LEAKY, 0.1f, 0, 99, VG_CONV_ADD_NEAREST, 1, 2},
    [SILU_TWICE] = {VG_ACT_CODE_SILU, 0, 0, 99, VG_CONV_ADD_LINEAR, 1, 2},
};

/* how the channels of x lie; in those of the second line conv_direct goes through y's groups before
 * it goes on in x (GROUP_FIRST) */
enum lay {
    BLOCKS,
    TABLE,
    INPUT,
    BLOCKS_G,
    TABLE_G,
    INPUT_G
};

struct more {
    uint32_t block;
    enum window_name window;
    enum store_name store;
    enum lay lay;
    vg_i32 parts;       /* groups of the model */
    vg_i32 groups_each; /* Winograd; conv_mma_ptx: how */
};

enum how {
    PLAIN,
    REAL /* by the instruction itself */
};

/* clang-format off */
#define CASES(ROW) \
/*      name                  kernel   scale  P  OB  B   x w,h,c       yc  window  store       x       parts n each amp */ \
    ROW("one pixel 1x1",      DIRECT,   SMALL, 13, 1, 16,  1,  1,   1,   1, W1,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("one pixel 3x3",      DIRECT,   SMALL, 13, 1, 16,  1,  1,  16,  16, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("tile less one",      DIRECT,   SMALL, 13, 1, 16, 12,  3,  16,  16, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("a tile",             DIRECT,   SMALL, 13, 1, 16, 13,  2,  15,  17, W3,     LEAKY,      BLOCKS,  1, 2, 1, 1) \
    ROW("tile and one",       DIRECT,   SMALL, 13, 1, 16, 14,  3,  17,  16, W1,     LINEAR,     BLOCKS,  1, 1, 1, 1) \
    ROW("two blocks",         DIRECT,   SMALL, 13, 2, 16, 15,  2,  16,  31, W1,     LEAKY,      BLOCKS,  1, 2, 1, 1) \
    ROW("stem",               DIRECT,   SMALL, 13, 1, 16, 26,  4,   3,  32, W3S2,   LEAKY,      INPUT,   1, 2, 1, 1) \
    ROW("stem, blocks of 8",  DIRECT,   SMALL,  6, 1,  8, 14,  6,   3,  16, W3S2,   SILU,       INPUT,   1, 1, 1, 1) \
    ROW("6x6 stem",           DIRECT,   SMALL,  6, 1, 16, 14,  8,   3,  16, W6S2,   SILU,       INPUT,   1, 1, 1, 1) \
    ROW("stride 2, odd",      DIRECT,   SMALL,  6, 1, 16, 11,  7,  16,  16, W3S2,   LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("1x1 stride 2",       DIRECT,   SMALL,  6, 1, 16, 11,  7,  18,  16, W1S2,   LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("5x5",                DIRECT,   SMALL,  6, 1, 16,  7,  5,   5,  16, W5,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("5x5 stride 2",       DIRECT,   SMALL,  4, 1,  8,  9,  5,   9,   8, W5S2,   LINEAR,     BLOCKS,  1, 1, 1, 1) \
    ROW("1x7",                DIRECT,   SMALL,  6, 1, 16, 13,  3,   3,  16, W1X7,   LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("7x1",                DIRECT,   SMALL,  6, 1,  8,  5,  9,   3,   9, W7X1,   LEAKY,      BLOCKS,  1, 2, 1, 1) \
    ROW("dilation 2",         DIRECT,   SMALL,  6, 1, 16,  9,  7,  17,  16, W3D2,   LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("no padding",         DIRECT,   SMALL,  6, 1, 16,  9,  5,   8,  16, W3BARE, LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("odd everything",     DIRECT,   SMALL,  5, 1,  8, 11,  9,   3,  15, W_ODD,  LEAKY,      BLOCKS,  1, 2, 1, 1) \
    ROW("large values",       DIRECT,   SMALL,  6, 1, 16,  7,  3,  16,  16, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1e4f) \
    ROW("clip",               DIRECT,   SMALL,  6, 1, 16,  7,  3,  16,  16, W1,     CLIP,       BLOCKS,  1, 1, 1, 1) \
    ROW("sigmoid",            DIRECT,   SMALL,  6, 1, 16,  7,  3,  16,  16, W1,     SIGMOID,    BLOCKS,  1, 1, 1, 4) \
    ROW("silu, far out",      DIRECT,   SMALL,  6, 2, 16,  7,  3,  16,  32, W1,     SILU,       BLOCKS,  1, 1, 1, 200) \
    ROW("hard sigmoid",       DIRECT,   SMALL,  6, 1,  8,  7,  3,  16,  16, W1,     HARD_SIGMOID, BLOCKS, 1, 1, 1, 4) \
    ROW("hard swish",         DIRECT,   SMALL,  6, 1, 16,  7,  3,  16,  16, W1,     HARD_SWISH, BLOCKS,  1, 1, 1, 4) \
    ROW("first groups act",   DIRECT,   SMALL,  6, 1, 16,  7,  3,  16,  33, W1,     LEAKY_FIRST, BLOCKS, 1, 2, 1, 1) \
    ROW("sum before",         DIRECT,   SMALL,  6, 1, 16,  7,  3,  16,  17, W1,     BEFORE,     BLOCKS,  1, 2, 1, 1) \
    ROW("sum after",          DIRECT,   SMALL,  6, 2,  8,  7,  3,  16,  16, W1,     AFTER,      BLOCKS,  1, 2, 1, 1) \
    ROW("sum of twice",       DIRECT,   SMALL,  6, 1, 16, 10,  6,  16,  32, W1,     TWICE,      BLOCKS,  1, 2, 1, 1) \
    ROW("sum of half",        DIRECT,   SMALL,  6, 1, 16,  7,  3,  16,  16, W1,     HALF,       BLOCKS,  1, 1, 1, 1) \
    ROW("sum of any ratio",   DIRECT,   SMALL,  6, 2,  8, 11,  7,  16,  16, W1,     ANY_RATIO,  BLOCKS,  1, 1, 1, 1) \
    ROW("sum of nearest",     DIRECT,   SMALL,  6, 1, 16, 11,  7,  16,  16, W1,     NEAREST,    BLOCKS,  1, 2, 1, 1) \
    ROW("table, 15",          DIRECT,   SMALL, 13, 1, 16, 14,  2,  15,  16, W1,     LEAKY,      TABLE,   1, 2, 1, 1) \
    ROW("table, 58",          DIRECT,   SMALL,  6, 1, 16,  7,  2,  58,  58, W1,     LEAKY,      TABLE,   1, 1, 1, 1) \
    ROW("table, 17, 3x3",     DIRECT,   SMALL,  6, 1,  8,  7,  3,  17,  16, W3,     LEAKY,      TABLE,   1, 2, 1, 1) \
    ROW("8x1, tile and one",  DIRECT,   SMALL,  8, 1, 16,  9,  3,  16,  17, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("8x2, tile less one", DIRECT,   SMALL,  8, 2, 16,  7,  3,  17,  31, W1,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("10x1, tile and one", DIRECT,   SMALL, 10, 1, 16, 11,  3,  16,  17, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("10x2, a tile",       DIRECT,   SMALL, 10, 2, 16, 10,  3,  17,  31, W1,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("26x26, 128 to 64",   DIRECT,   FULL,  13, 1, 16, 26, 26, 128,  64, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("stride 2, 52",       DIRECT,   FULL,  13, 1, 16, 52, 52,  64,  48, W3S2,   LEAKY,      BLOCKS,  1, 2, 1, 1) \
    ROW("general row, 40",    DIRECT,   FULL,   6, 1, 16, 40, 23,  48,  48, W3,     SILU,       BLOCKS,  1, 3, 1, 1) \
    ROW("1x1, 26, 256",       DIRECT,   FULL,  13, 2, 16, 26, 26, 256, 124, W1,     SILU_TWICE, BLOCKS,  1, 1, 1, 1) \
    ROW("table, 116",         DIRECT,   FULL,  26, 1, 16, 26, 26, 116, 116, W1,     LEAKY,      TABLE,   1, 3, 1, 1) \
    ROW("blocks of 8, 26",    DIRECT,   FULL,   6, 2,  8, 26, 26, 116,  64, W3,     LEAKY,      BLOCKS,  1, 2, 1, 1) \
    \
    ROW("groups first, pixel", DIRECT,  SMALL, 13, 1, 16,  1,  1,   1,   1, W1,     LEAKY,      BLOCKS_G, 1, 1, 1, 1) \
    ROW("groups first, odd",  DIRECT,   SMALL,  5, 1,  8, 11,  7,  17,  31, W3S2,   LEAKY_FIRST, BLOCKS_G, 1, 3, 1, 1) \
    ROW("groups first, sum",  DIRECT,   SMALL,  6, 2, 16, 14,  3,  16,  64, W1,     ANY_RATIO,  BLOCKS_G, 1, 2, 1, 1) \
    ROW("groups first, table", DIRECT,  SMALL,  6, 1, 16,  7,  2,  58,  58, W1,     LEAKY,      TABLE_G, 1, 2, 1, 1) \
    ROW("groups first, stem", DIRECT,   SMALL, 13, 1, 16, 26,  4,   3,  48, W3S2,   SILU,       INPUT_G, 1, 2, 1, 1) \
    ROW("groups first, 52",   DIRECT,   FULL,  13, 1, 16, 52, 26,  24,  58, W1,     TWICE,      BLOCKS_G, 1, 3, 1, 1) \
    \
    ROW("one pixel",          WINOGRAD, SMALL,  8, 1, 16,  1,  1,  16,  16, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("tile less one",      WINOGRAD, SMALL,  2, 1, 16,  3,  3,  16,  16, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("tile and one",       WINOGRAD, SMALL,  2, 2, 16,  5,  4,   5,  29, W3,     LEAKY,      BLOCKS,  1, 2, 1, 1) \
    ROW("two parts",          WINOGRAD, SMALL,  3, 1, 16,  7,  5,  17,  33, W3,     LEAKY_FIRST, BLOCKS, 1, 1, 2, 1) \
    ROW("blocks of 8",        WINOGRAD, SMALL,  3, 2,  8,  7,  5,  17,  16, W3,     SILU,       BLOCKS,  1, 2, 1, 1) \
    ROW("stem of 12",         WINOGRAD, SMALL,  3, 1, 16,  8,  6,  12,  16, W3,     SILU,       BLOCKS,  1, 1, 1, 1) \
    ROW("no padding",         WINOGRAD, SMALL,  3, 1, 16,  8,  7,   3,  16, W3BARE, LINEAR,     BLOCKS,  1, 1, 1, 1) \
    ROW("sum before",         WINOGRAD, SMALL,  3, 1, 16,  7,  5,   3,  16, W3,     BEFORE,     BLOCKS,  1, 2, 1, 1) \
    ROW("sum after",          WINOGRAD, SMALL,  3, 1,  8,  7,  5,   3,  16, W3,     AFTER,      BLOCKS,  1, 2, 1, 1) \
    ROW("sum of any ratio",   WINOGRAD, SMALL,  3, 1, 16,  7,  5,   3,  16, W3,     ANY_RATIO,  BLOCKS,  1, 2, 1, 1) \
    ROW("sum of nearest",     WINOGRAD, SMALL,  3, 1, 16,  7,  5,   3,  16, W3,     NEAREST,    BLOCKS,  1, 1, 1, 1) \
    ROW("large values",       WINOGRAD, SMALL,  6, 1, 16,  8,  4,  16,  16, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1e4f) \
    ROW("13x13, batch of 3",  WINOGRAD, FULL,   8, 2, 16, 13, 13,  48,  64, W3,     LEAKY,      BLOCKS,  1, 3, 2, 1) \
    ROW("13x13, in two parts", WINOGRAD, FULL, 16, 1, 16, 13, 13,  32,  64, W3,     LEAKY,      BLOCKS,  1, 2, 2, 1) \
    ROW("26x26, 96 to 64",    WINOGRAD, FULL,  13, 2, 16, 26, 26,  96,  64, W3,     LEAKY,      BLOCKS,  1, 1, 2, 1) \
    ROW("27x17, 58 to 80",    WINOGRAD, FULL,  13, 1, 16, 27, 17,  58,  80, W3,     TWICE,      BLOCKS,  1, 2, 5, 1) \
    ROW("general row, 23",    WINOGRAD, FULL,   6, 1, 16, 23, 23,  32,  48, W3,     LEAKY,      BLOCKS,  1, 2, 3, 1) \
    ROW("blocks of 8, 23",    WINOGRAD, FULL,   6, 1,  8, 23, 23,  36,  48, W3,     LEAKY,      BLOCKS,  1, 2, 6, 1) \
    \
    ROW("one pixel",          WINO_IN,  SMALL,  3, 1, 16,  1,  1,   1,  16, W3,     LINEAR,     BLOCKS,  1, 1, 1, 1) \
    ROW("odd, two pictures",  WINO_IN,  SMALL,  3, 1, 16,  9,  7,  17,  16, W3,     LINEAR,     BLOCKS,  1, 2, 1, 1) \
    ROW("blocks of 8",        WINO_IN,  SMALL,  2, 1,  8,  8,  5,  12,  16, W3,     LINEAR,     BLOCKS,  1, 2, 1, 1) \
    ROW("26x26, 58",          WINO_IN,  FULL,  13, 1, 16, 26, 26,  58,  16, W3,     LINEAR,     BLOCKS,  1, 3, 1, 1) \
    \
    ROW("one pixel",          WINO_MUL, SMALL,  8, 1, 16,  1,  1,  16,  16, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("tile and one",       WINO_MUL, SMALL,  2, 2, 16,  5,  4,   5,  29, W3,     LEAKY,      BLOCKS,  1, 2, 1, 1) \
    ROW("blocks of 8",        WINO_MUL, SMALL,  3, 1,  8,  7,  5,  17,  16, W3,     AFTER,      BLOCKS,  1, 2, 2, 1) \
    ROW("13x2, tile and one", WINO_MUL, SMALL, 13, 2, 16, 25,  7,   5,  29, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("16x1, less one",     WINO_MUL, SMALL, 16, 1, 16, 18, 11,   5,  17, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("13x13, batch of 2",  WINO_MUL, FULL,   8, 2, 16, 13, 13,  58,  64, W3,     TWICE,      BLOCKS,  1, 2, 1, 1) \
    ROW("26x26, 96 to 48",    WINO_MUL, FULL,  13, 1, 16, 26, 26,  96,  48, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    \
    ROW("one pixel",          WINO2,    SMALL,  3, 1, 16,  1,  1,  16,  16, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("tile less one",      WINO2,    SMALL,  2, 1, 16,  3,  1,  16,  16, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("tile and one",       WINO2,    SMALL,  2, 2, 16,  5,  4,   5,  29, W3,     LEAKY,      BLOCKS,  1, 2, 1, 1) \
    ROW("two parts",          WINO2,    SMALL,  3, 1, 16,  7,  5,  17,  49, W3,     LEAKY_FIRST, BLOCKS, 1, 2, 2, 1) \
    ROW("blocks of 8",        WINO2,    SMALL,  3, 2,  8,  7,  5,  17,  16, W3,     SILU,       BLOCKS,  1, 2, 1, 1) \
    ROW("no padding",         WINO2,    SMALL,  4, 1, 16,  8,  7,   3,  16, W3BARE, LINEAR,     BLOCKS,  1, 1, 1, 1) \
    ROW("sum before",         WINO2,    SMALL,  3, 1, 16,  7,  5,   3,  16, W3,     BEFORE,     BLOCKS,  1, 2, 1, 1) \
    ROW("sum of any ratio",   WINO2,    SMALL,  3, 1, 16,  7,  5,   3,  16, W3,     ANY_RATIO,  BLOCKS,  1, 2, 1, 1) \
    ROW("large values",       WINO2,    SMALL,  6, 1, 16,  8,  4,  16,  16, W3,     LEAKY,      BLOCKS,  1, 1, 1, 1e4f) \
    ROW("13x13, batch of 3",  WINO2,    FULL,  13, 2, 16, 13, 13,  48,  64, W3,     LEAKY,      BLOCKS,  1, 3, 1, 1) \
    ROW("13x11, 58 to 80",    WINO2,    FULL,  13, 1, 16, 13, 11,  58,  80, W3,     AFTER,      BLOCKS,  1, 2, 2, 1) \
    \
    ROW("one pixel 1x1",      TILE,     SMALL, 32, 1, 16,  1,  1,   1,   1, W1,     LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("one pixel 3x3",      TILE,     SMALL, 32, 2, 16,  1,  1,  16,  33, W3,     LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("tile less one",      TILE,     SMALL, 32, 1, 16, 31,  1,  17,  31, W1,     LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("a tile",             TILE,     SMALL, 32, 1, 16,  8,  4,  16,  32, W1,     LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("tile and one",       TILE,     SMALL, 32, 1, 16, 11,  3,  15,  17, W1,     LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("over two pictures",  TILE,     SMALL, 32, 2, 16,  7,  3,  17,  16, W3,     LEAKY,      BLOCKS,  1, 2, 0, 1) \
    ROW("64 by 64",           TILE,     SMALL, 64, 4, 16,  9,  4,  17,  58, W3,     LEAKY,      BLOCKS,  1, 2, 0, 1) \
    ROW("64 by 16",           TILE,     SMALL, 64, 1, 16, 13,  5,  17,  31, W1,     LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("64 by 32",           TILE,     SMALL, 64, 2, 16,  9,  7,  17,  33, W1,     LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("128 by 64",          TILE,     SMALL, 128, 4, 16, 11,  6,  17,  50, W1,     LEAKY,      BLOCKS,  1, 2, 0, 1) \
    ROW("blocks of 8",        TILE,     SMALL, 64, 4,  8,  9,  5,   9,  27, W3,     LEAKY,      BLOCKS,  1, 2, 0, 1) \
    ROW("stem",               TILE,     SMALL, 64, 2, 16, 15,  9,   3,  24, W3S2,   LEAKY,      INPUT,   1, 2, 0, 1) \
    ROW("6x6 stem",           TILE,     SMALL, 32, 1, 16, 14,  8,   3,  16, W6S2,   LEAKY,      INPUT,   1, 1, 0, 1) \
    ROW("stride 2, odd",      TILE,     SMALL, 32, 2, 16, 11,  7,  16,  32, W3S2,   LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("5x5, dilation",      TILE,     SMALL, 32, 1, 16,  9,  7,   5,  16, W_ODD,  SILU,       BLOCKS,  1, 2, 0, 1) \
    ROW("first block acts",   TILE,     SMALL, 32, 1, 16,  7,  3,  16,  49, W1,     LEAKY_FIRST, BLOCKS, 1, 2, 0, 1) \
    ROW("sum before",         TILE,     SMALL, 32, 2, 16,  7,  3,  16,  17, W1,     BEFORE,     BLOCKS,  1, 2, 0, 1) \
    ROW("sum after",          TILE,     SMALL, 32, 1, 16,  7,  3,  16,  16, W1,     AFTER,      BLOCKS,  1, 2, 0, 1) \
    ROW("sum of twice",       TILE,     SMALL, 32, 2, 16, 10,  6,  16,  32, W1,     TWICE,      BLOCKS,  1, 2, 0, 1) \
    ROW("sum of nearest",     TILE,     SMALL, 32, 1, 16, 11,  7,  16,  16, W1,     NEAREST,    BLOCKS,  1, 2, 0, 1) \
    ROW("13x13, 96 to 96",    TILE,     FULL,  64, 4, 16, 13, 13,  96,  96, W3,     LEAKY,      BLOCKS,  1, 3, 0, 1) \
    ROW("26x26, 116 to 116",  TILE,     FULL, 128, 4, 16, 26, 26, 116, 116, W1,     LEAKY,      BLOCKS,  1, 2, 0, 1) \
    \
    ROW("one pixel",          SUBGROUP, SMALL,  2, 1, 16,  1,  1,   1,   1, W1,     LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("tile and one",       SUBGROUP, SMALL,  8, 2, 16, 11,  3,  17,  31, W3,     LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("over two pictures",  SUBGROUP, SMALL,  8, 2, 16,  7,  5,  20,  33, W3,     LEAKY,      BLOCKS,  1, 2, 0, 1) \
    ROW("stride 2, odd",      SUBGROUP, SMALL,  8, 1, 16, 11,  7,  16,  32, W3S2,   SILU,       BLOCKS,  1, 1, 0, 1) \
    ROW("first block acts",   SUBGROUP, SMALL,  2, 2, 16,  7,  3,  16,  49, W1,     LEAKY_FIRST, BLOCKS, 1, 2, 0, 1) \
    ROW("sum of twice",       SUBGROUP, SMALL,  4, 1, 16, 10,  6,  16,  32, W1,     TWICE,      BLOCKS,  1, 2, 0, 1) \
    ROW("26x26, 116 to 116",  SUBGROUP, FULL,   8, 2, 16, 26, 26, 116, 116, W1,     LEAKY,      BLOCKS,  1, 2, 0, 1) \
    \
    ROW("one pixel",          MMA,      SMALL, 16, 1, 16,  1,  1,   1,   1, W1,     LEAKY,      BLOCKS,  1, 1, PLAIN, 1) \
    ROW("a block",            MMA,      SMALL, 16, 1, 16, 16,  2,  16,  16, W1,     LEAKY,      BLOCKS,  1, 1, PLAIN, 1) \
    ROW("tile and one",       MMA,      SMALL, 16, 1, 16, 13,  5,  17,  31, W1,     LEAKY,      BLOCKS,  1, 2, PLAIN, 1) \
    ROW("3x3, two pictures",  MMA,      SMALL, 32, 1, 16,  9,  5,  20,  33, W3,     LEAKY,      BLOCKS,  1, 2, PLAIN, 1) \
    ROW("stride 2, odd",      MMA,      SMALL, 16, 2, 16, 11,  7,  16,  20, W3S2,   SILU,       BLOCKS,  1, 2, PLAIN, 1) \
    ROW("32 by 32",           MMA,      SMALL, 32, 2, 16, 11,  6,  17,  33, W1,     LEAKY,      BLOCKS,  1, 2, PLAIN, 1) \
    ROW("sum of twice",       MMA,      SMALL, 16, 1, 16, 10,  6,  16,  32, W1,     TWICE,      BLOCKS,  1, 2, PLAIN, 1) \
    ROW("first block acts",   MMA,      SMALL, 16, 2, 16,  7,  3,  16,  49, W1,     LEAKY_FIRST, BLOCKS, 1, 2, PLAIN, 1) \
    ROW("26x26, 64 to 116",   MMA,      FULL,  32, 4, 16, 26, 26,  64, 116, W1,     LEAKY,      BLOCKS,  1, 2, PLAIN, 1) \
    ROW("13x13, 96 to 96",    MMA,      FULL,  64, 2, 16, 13, 13,  96,  96, W3,     LEAKY,      BLOCKS,  1, 3, PLAIN, 1) \
    ROW("3x3, by NVIDIA",     MMA,      SMALL, 32, 4, 16,  9,  5,  20,  72, W3,     LEAKY,      BLOCKS,  1, 2, REAL, 1) \
    ROW("1x1, by NVIDIA",     MMA,      FULL,  32, 4, 16, 26, 26,  64, 116, W1,     LEAKY,      BLOCKS,  1, 2, REAL, 1) \
    ROW("64, by NVIDIA",      MMA,      FULL,  64, 2, 16, 13, 13,  96,  96, W3,     LEAKY,      BLOCKS,  1, 3, REAL, 1) \
    \
    ROW("one pixel",          PACK,     SMALL,  1, 1, 16,  1,  1,   1,   1, W1,     LINEAR,     BLOCKS,  1, 1, 0, 1) \
    ROW("17, two pictures",   PACK,     SMALL,  1, 1, 16,  7,  5,  17,  16, W1,     LINEAR,     BLOCKS,  1, 2, 0, 1) \
    ROW("stride 2, block 8",  PACK,     SMALL,  1, 1,  8,  7,  5,  21,  16, W1S2,   LINEAR,     BLOCKS,  1, 3, 0, 1) \
    \
    ROW("one pixel",          UNPACK,   SMALL,  1, 1, 16,  1,  1,   1,   1, W1,     LEAKY,      BLOCKS,  1, 1, 0, 1) \
    ROW("33, two pictures",   UNPACK,   SMALL,  1, 1, 16,  7,  5,  17,  33, W1,     SILU,       BLOCKS,  1, 2, 0, 1) \
    ROW("sum of twice",       UNPACK,   SMALL,  1, 1,  8, 10,  6,  16,  20, W1,     TWICE,      BLOCKS,  1, 2, 0, 1) \
    \
    ROW("one pixel",          ANY,      SMALL,  1, 1, 16,  1,  1,   1,   1, W1,     LEAKY,      BLOCKS,  1, 1, 1, 1) \
    ROW("3x3, 3 to 17",       ANY,      SMALL,  1, 1, 16,  5,  3,   3,  17, W3,     LEAKY,      BLOCKS,  1, 2, 1, 1) \
    ROW("the net's input",    ANY,      SMALL,  1, 1, 16,  6,  4,   3,   8, W3S2,   SILU,       INPUT,   1, 1, 1, 1) \
    ROW("three groups",       ANY,      SMALL,  1, 1, 16,  5,  4,  15,  18, W3,     LEAKY,      BLOCKS,  3, 1, 1, 1) \
    ROW("one channel each",   ANY,      SMALL,  1, 1,  8,  5,  4,  10,  10, W3D2,   SIGMOID,    BLOCKS, 10, 2, 1, 1) \
    ROW("two outputs each",   ANY,      SMALL,  1, 1, 16,  5,  4,   9,  18, W3,     CLIP,       BLOCKS,  9, 1, 1, 1) \
    ROW("odd everything",     ANY,      SMALL,  1, 1,  8, 11,  9,   3,  15, W_ODD,  HARD_SWISH, BLOCKS,  1, 1, 1, 1) \
    ROW("table, two groups",  ANY,      SMALL,  1, 1, 16,  5,  3,  18,  10, W1,     BEFORE,     TABLE,   2, 2, 1, 1) \
    ROW("sum of any ratio",   ANY,      SMALL,  1, 1, 16,  5,  4,   3,  33, W1,     ANY_RATIO,  BLOCKS,  1, 1, 1, 1) \
    ROW("17x11, 58 to 116",   ANY,      FULL,   1, 1, 16, 17, 11,  58, 116, W5S2,   LEAKY_FIRST, BLOCKS, 2, 2, 1, 1) \
    ROW("23x13, 58 to 58",    ANY,      FULL,   1, 1, 16, 23, 13,  58,  58, W3,     NEAREST,    TABLE,   1, 3, 1, 1)

#define IS_PLAIN(kernel) \
    (kernel == DIRECT || kernel == ANY || kernel == TILE || kernel == SUBGROUP || kernel == PACK || kernel == UNPACK)
#define TOLERANCE(kernel) (IS_PLAIN(kernel) ? 8e-6 : kernel == MMA ? 5e-4 : 6e-5)
#define REASON(kernel)    (IS_PLAIN(kernel) ? SUMS : kernel == MMA ? HALVES : WINO)
#define AS_ROW(name_, kernel_, scale_, p_, ob_, block_, w_, h_, xc_, yc_, window_, store_, lay_, parts_, n_, each_, amplitude_) \
    {.name = name_, .kernel = kernel_, .scale = scale_, .tile = {p_, ob_}, .x_width = w_, .x_height = h_, .x_channels = xc_, \
     .y_channels = yc_, .pictures = n_, .amplitude = amplitude_, \
     .tolerance = TOLERANCE(kernel_), .reason = REASON(kernel_)},
#define AS_MORE(name_, kernel_, scale_, p_, ob_, block_, w_, h_, xc_, yc_, window_, store_, lay_, parts_, n_, each_, amplitude_) \
    {block_, window_, store_, lay_, parts_, each_},

static const struct vg_kernel_case rows[] = {CASES(AS_ROW)};
static const struct more mores[] = {CASES(AS_MORE)};
/* clang-format on */

struct conv_case {
    const struct vg_kernel_case *row;
    const struct more *more;
    struct vg_conv_build build;
    struct vg_conv_shape shape;
    struct vg_twin_conv twin;
    struct vg_conv_sizes *s;
    float *weights, *bias; /* as a model has them */
    vg_i32 *table;         /* TABLE: as in the buffer of weights */
    struct vg_case_buffer *x, *y;
};

static vg_i32 ceil_div(vg_i32 a, vg_i32 b)
{
    return (a + b - 1) / b;
}

static int is_table(enum lay lay)
{
    return lay == TABLE || lay == TABLE_G;
}

static int is_input(enum lay lay)
{
    return lay == INPUT || lay == INPUT_G;
}

/* ---- the input ---- */

/* Channels at random places of two tensors that lie apart: table[c] from x.first. */
static enum vg_status table_make(struct conv_case *conv, struct vg_random *random, vg_i32 blocks,
                                 vg_i32 gap)
{
    const vg_i32 block = (vg_i32)conv->more->block, slots = blocks * block;
    conv->table = vg_alloc_array((size_t)slots, sizeof *conv->table);
    if (!conv->table)
        return VG_E_MEMORY;
    for (vg_i32 i = 0; i < slots; i++)
        conv->table[i] = i / block * conv->s->x.plane + i % block + (i / block > 0 ? gap : 0);
    for (vg_i32 i = slots - 1; i > 0; i--) {
        const vg_i32 other = (vg_i32)vg_random_below(random, (uint32_t)i + 1);
        const vg_i32 kept = conv->table[i];
        conv->table[i] = conv->table[other];
        conv->table[other] = kept;
    }
    conv->twin.table = conv->table;
    return VG_OK;
}

/* What no kernel may use holds guards: lanes of the last block that stand for no channel, and other
 * tensors' planes. conv_wino_in transforms whole blocks, and the tiled ones multiply them, so there
 * they are numbers. */
static enum vg_status input_make(struct vg_case_run *run, struct conv_case *conv,
                                 struct vg_random *random)
{
    const struct vg_kernel_case *row = conv->row;
    struct vg_conv_sizes *s = conv->s;
    const vg_i32 block = (vg_i32)conv->more->block, blocks = ceil_div(row->x_channels, block);
    const int table = is_table(conv->more->lay), input = is_input(conv->more->lay);
    const vg_i32 gap = table ? 3 * block + 5 : 0;
    const struct vg_case_planes p = {.width = row->x_width,
                                     .height = row->x_height,
                                     .pixel = s->x_pixel,
                                     .blocks = blocks + (table ? 2 : 0),
                                     .halo = vg_conv_reach(row->kernel, &conv->build, s),
                                     .before = !input,
                                     .after = table};
    const size_t floats = vg_case_planes_place(&p, row->pictures, &s->x) + (size_t)gap;
    conv->x = vg_case_buffer_add(run, VG_ARG_X, floats * sizeof(float));
    if (!conv->x || (table && table_make(conv, random, p.blocks, gap)))
        return VG_E_MEMORY;
    vg_case_guard_fill(conv->x);
    const int whole = row->kernel == WINO_IN || row->kernel == PACK || vg_conv_tiled(row->kernel);
    const vg_i32 lanes = whole ? (input ? s->x_pixel : blocks * block) : row->x_channels;
    for (vg_i32 picture = 0; picture < row->pictures; picture++)
        for (vg_i32 c = 0; c < lanes; c++)
            vg_case_channel_fill(run, conv->x->data, &p, &s->x, picture,
                                 table ? conv->table[c] : c / block * s->x.plane + c % block,
                                 random);
    s->x_blocks = blocks;
    return VG_OK;
}

/* ---- weights ---- */

static enum vg_status weights_make(struct vg_case_run *run, struct conv_case *conv,
                                   struct vg_random *random)
{
    const struct vg_kernel_case *row = conv->row;
    const struct window *w = &windows[conv->more->window];
    const vg_i32 each = row->x_channels / conv->more->parts * (vg_i32)(w->size_y * w->size_x);
    const size_t count = (size_t)(row->y_channels * each);
    conv->weights = vg_alloc_array(count, sizeof(float));
    conv->bias = vg_alloc_array((size_t)row->y_channels, sizeof(float));
    if (!conv->weights || !conv->bias)
        return VG_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        conv->weights[i] = vg_case_held(run, vg_case_value(random, (float)(2 / sqrt(each))));
    for (vg_i32 i = 0; i < row->y_channels; i++)
        conv->bias[i] = vg_case_value(random, row->amplitude);
    conv->twin.weights = conv->weights;
    conv->twin.bias = conv->bias;
    const size_t packed = vg_conv_weights_count(&conv->shape);
    const size_t bias = vg_conv_bias_count(&conv->shape);
    const size_t words = conv->table ? (size_t)row->x_channels : 0;
    struct vg_case_buffer *buffer = vg_case_buffer_add(
        run, VG_ARG_WEIGHTS, (packed + bias + words + 2 * VG_CASE_GUARD_FLOATS) * sizeof(float));
    if (!buffer)
        return VG_E_MEMORY;
    vg_case_guard_fill(buffer);
    float *to = (float *)buffer->data + VG_CASE_GUARD_FLOATS;
    vg_conv_pack(&conv->shape, conv->weights, conv->bias, to, to + packed);
    for (size_t i = 0; i < words; i++)
        ((vg_i32 *)buffer->data)[VG_CASE_GUARD_FLOATS + packed + bias + i] = conv->table[i];
    conv->s->w_first = VG_CASE_GUARD_FLOATS;
    conv->s->bias_first = conv->s->w_first + (vg_i32)packed;
    conv->s->table_first = conv->s->bias_first + (vg_i32)bias;
    return VG_OK;
}

/* ---- each kernel's buffers, work and twin ---- */

static struct vg_case_buffer *scratch_add(struct vg_case_run *run, const struct conv_case *conv)
{
    const struct vg_conv_sizes *s = conv->s;
    const size_t floats = vg_conv_wino_scratch_floats(&conv->build, (uint32_t)s->x_blocks,
                                                      (uint32_t)(s->tiles * s->pictures));
    struct vg_case_buffer *buffer = vg_case_buffer_add(
        run, VG_ARG_SCRATCH, (floats + VG_CASE_GUARD_FLOATS) * sizeof(float)); /* then a guard */
    if (buffer)
        vg_case_guard_fill(buffer);
    return buffer;
}

static enum vg_status tiles_make(struct vg_case_run *run, struct conv_case *conv)
{
    const struct vg_conv_sizes *s = conv->s;
    const vg_i32 p = (vg_i32)conv->row->tile.pixels;
    const enum vg_kernel kernel = conv->row->kernel;
    run->global[0] = (size_t)(kernel == WINO2 ? s->pictures : ceil_div(s->tiles * s->pictures, p));
    run->global[1] =
        (size_t)(kernel == WINO_IN ? s->x_blocks : ceil_div(s->groups, s->groups_each));
    if (kernel != WINO_IN)
        run->local_bytes = vg_conv_wino_local_bytes(kernel, &conv->build, (uint32_t)s->x_blocks,
                                                    (uint32_t)s->tiles);
    if (kernel == WINO2) {
        vg_twin_conv_wino2(conv->x->data, &conv->twin, conv->y->want, s);
        return VG_OK;
    }
    if (kernel == WINOGRAD) {
        vg_twin_conv_wino(conv->x->data, &conv->twin, conv->y->want, s);
        return VG_OK;
    }
    struct vg_case_buffer *scratch = scratch_add(run, conv);
    if (!scratch)
        return VG_E_MEMORY;
    if (kernel == WINO_MUL) {
        vg_twin_conv_wino_in(conv->x->data, &conv->twin, scratch->data, s);
        vg_twin_conv_wino_mul(scratch->data, &conv->twin, conv->y->want, s);
        return VG_OK;
    }
    if (vg_case_want_add(scratch))
        return VG_E_MEMORY;
    vg_twin_conv_wino_in(conv->x->data, &conv->twin, scratch->want, s);
    return VG_OK;
}

static enum vg_status pixels_make(struct vg_case_run *run, struct conv_case *conv)
{
    const struct vg_conv_sizes *s = conv->s;
    const vg_i32 p = conv->row->kernel == ANY ? 1 : (vg_i32)conv->row->tile.pixels;
    const vg_i32 segments = ceil_div(s->width, p), first = conv->more->lay >= BLOCKS_G;
    run->global[0] = (size_t)(first ? s->groups : segments);
    run->global[1] = (size_t)(first ? segments : s->height);
    run->global[2] = (size_t)((first ? s->height : s->groups) * s->pictures);
    if (conv->row->kernel == ANY)
        vg_twin_conv_any(conv->x->data, &conv->twin, conv->y->want, s);
    else
        vg_twin_conv_direct(conv->x->data, &conv->twin, conv->y->want, s);
    return VG_OK;
}

static void tiled_make(struct vg_case_run *run, struct conv_case *conv)
{
    const struct vg_conv_sizes *s = conv->s;
    const enum vg_kernel kernel = conv->row->kernel;
    const vg_i32 pixels = s->width * s->height * s->pictures;
    run->group_items = vg_conv_group_items(kernel, &conv->build);
    run->global[0] = (size_t)ceil_div(pixels, (vg_i32)vg_conv_group_pixels(kernel, &conv->build)) *
                     run->group_items;
    run->global[1] = (size_t)s->groups;
    if (kernel == MMA)
        vg_twin_conv_mma(conv->x->data, &conv->twin, conv->y->want, s);
    else if (kernel == SUBGROUP)
        vg_twin_conv_subgroup(conv->x->data, &conv->twin, conv->y->want, s);
    else
        vg_twin_conv_tile(conv->x->data, &conv->twin, conv->y->want, s);
}

/* the rows of a library's matrices: what one kernel writes, or random products for the other */
static enum vg_status matrix_make(struct vg_case_run *run, struct conv_case *conv,
                                  struct vg_random *random)
{
    const struct vg_conv_sizes *s = conv->s;
    const vg_i32 pixels = s->width * s->height * s->pictures, block = (vg_i32)conv->more->block;
    const size_t packed =
        vg_gemm_scratch_floats(&conv->build, (uint32_t)s->x_channels, 0, (uint32_t)pixels);
    const size_t floats = vg_gemm_scratch_floats(&conv->build, (uint32_t)s->x_channels,
                                                 (uint32_t)s->y_channels, (uint32_t)pixels);
    const int pack = conv->row->kernel == PACK;
    struct vg_case_buffer *scratch = vg_case_buffer_add(
        run, VG_ARG_SCRATCH, (floats + VG_CASE_GUARD_FLOATS) * sizeof(float)); /* then a guard */
    if (!scratch)
        return VG_E_MEMORY;
    vg_case_guard_fill(scratch);
    const vg_i32 vectors =
        pack ? (s->x_channels + 3) / 4 : ceil_div(s->y_channels, block) * block / 4;
    vg_case_spread(run, (size_t)(pixels * vectors));
    if (pack) {
        if (vg_case_want_add(scratch))
            return VG_E_MEMORY;
        vg_twin_gemm_pack(conv->x->data, &conv->twin, scratch->want, s);
        return VG_OK;
    }
    for (size_t i = packed; i < floats; i++)
        ((float *)scratch->data)[i] = vg_case_value(random, conv->row->amplitude);
    vg_twin_gemm_unpack(scratch->data, &conv->twin, conv->y->want, s);
    return VG_OK;
}

static vg_i32 size_of(vg_i32 x, vg_i32 pads, uint32_t size, uint32_t stride, uint32_t dilation)
{
    return (x + pads - ((vg_i32)(dilation * (size - 1)) + 1)) / (vg_i32)stride + 1;
}

static void case_describe(struct conv_case *conv, const struct vg_case_run *run)
{
    const struct vg_kernel_case *row = conv->row;
    const struct more *more = conv->more;
    const struct window *w = &windows[more->window];
    const struct store *store = &stores[more->store];
    const vg_i32 block = (vg_i32)more->block, x_pixel = is_input(more->lay) ? 4 : block;
    conv->build = (struct vg_conv_build){.tile = row->tile,
                                         .block = more->block,
                                         .x_pixel = (uint32_t)x_pixel,
                                         .size_y = w->size_y,
                                         .size_x = w->size_x,
                                         .stride_y = w->stride_y,
                                         .stride_x = w->stride_x,
                                         .dilation_y = w->dilation_y,
                                         .dilation_x = w->dilation_x,
                                         .act = store->act,
                                         .add = store->add,
                                         .table = is_table(more->lay) ? 1 : 0,
                                         .group_first = more->lay >= BLOCKS_G ? 1 : 0,
                                         .storage = run->storage,
                                         .emulated = (row->kernel == MMA && !run->nvidia) ||
                                                     row->kernel == SUBGROUP};
    conv->shape = (struct vg_conv_shape){.kernel = row->kernel,
                                         .tile = row->tile,
                                         .block = more->block,
                                         .size_y = w->size_y,
                                         .size_x = w->size_x,
                                         .x_channels = (uint32_t)row->x_channels,
                                         .y_channels = (uint32_t)row->y_channels,
                                         .parts = (uint32_t)more->parts,
                                         .x_pixel = (uint32_t)x_pixel};
    conv->twin.build = &conv->build;
    struct vg_conv_sizes *s = conv->s;
    s->x_width = row->x_width;
    s->x_height = row->x_height;
    s->x_pixel = x_pixel;
    s->x_channels = row->x_channels;
    s->above = w->above;
    s->left = w->left;
    s->width = size_of(row->x_width, w->left + w->right, w->size_x, w->stride_x, w->dilation_x);
    s->height = size_of(row->x_height, w->above + w->below, w->size_y, w->stride_y, w->dilation_y);
    s->y_channels = row->y_channels;
    s->parts = more->parts;
    s->groups = ceil_div(row->y_channels, block * (vg_i32)row->tile.blocks);
    const vg_i32 blocks = ceil_div(row->y_channels, block);
    s->act_blocks = blocks < store->act_blocks ? blocks : store->act_blocks;
    s->pictures = row->pictures;
    const vg_i32 side = row->kernel == WINO2 ? 2 : 4;
    s->tiles_across = ceil_div(s->width, side);
    s->tiles = s->tiles_across * ceil_div(s->height, side);
    s->groups_each = more->groups_each;
    if (store->add != VG_CONV_ADD_NONE) {
        s->x2_width = ceil_div(s->width * store->x2_num, store->x2_den);
        s->x2_height = ceil_div(s->height * store->x2_num, store->x2_den);
    }
    s->act_a = store->a;
    s->act_b = store->b;
}

/* the buffers of all but conv_wino_in beside x */
static enum vg_status rest_make(struct vg_case_run *run, struct conv_case *conv,
                                struct vg_random *random)
{
    const struct vg_case_buffer *x2 = vg_case_addend_add(run, conv->s, &conv->build, random);
    if (!x2)
        return VG_E_MEMORY;
    conv->twin.x2 = x2->data;
    const enum vg_status status = weights_make(run, conv, random);
    if (status)
        return status;
    conv->y = vg_case_conv_output_add(run, conv->s, (vg_i32)conv->more->block, random);
    return conv->y ? VG_OK : VG_E_MEMORY;
}

static enum vg_status conv_make(struct vg_case_run *run, struct vg_random *random)
{
    struct conv_case conv = {
        .row = run->row, .more = &mores[run->row - rows], .s = &run->sizes.conv};
    const enum vg_kernel kernel = run->row->kernel;
    static_assert(sizeof mores / sizeof *mores == sizeof rows / sizeof *rows, "one for each row");
    if (kernel == MMA)
        run->storage = VG_STORAGE_HALF;
    run->nvidia = kernel == MMA && conv.more->groups_each == REAL;
    case_describe(&conv, run);
    vg_conv_options(kernel, &conv.build, run->options);
    enum vg_status status = input_make(run, &conv, random);
    if (!status && kernel != WINO_IN && kernel != PACK)
        status = rest_make(run, &conv, random);
    if (!status && (kernel == PACK || kernel == UNPACK))
        status = matrix_make(run, &conv, random);
    else if (!status && vg_conv_tiled(kernel))
        tiled_make(run, &conv);
    else if (!status)
        status =
            kernel == DIRECT || kernel == ANY ? pixels_make(run, &conv) : tiles_make(run, &conv);
    vg_free(conv.weights);
    vg_free(conv.bias);
    vg_free(conv.table);
    return status;
}

const struct vg_kernel_case *vg_case_mma_probe(void)
{
    size_t i = 0;
    while (rows[i].kernel != MMA || mores[i].groups_each != REAL)
        i++;
    return &rows[i];
}

const struct vg_case_family vg_cases_conv = {rows, sizeof rows / sizeof *rows, conv_make};
