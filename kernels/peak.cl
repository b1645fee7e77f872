/* What a device does at most, for the share of the peak in a profile. Not steps of a net: built by
 * bench/device_peak.c alone.
 *
 * peak_fma   chains of v = v * b + c, held in registers: y[item][chain][lane] is what each comes to.
 *            CHAINS hides the latency of a multiply-add; VW is the device's native vector.
 *            Operations: work * CHAINS * VW * 2 * UNROLLED * rounds.
 * peak_copy  y = x * b, each value read and written once: bytes: work * each * VW * 4 * 2. Item i
 *            takes the vectors i, i + step, ... (neighbours beside each other, for a GPU) or, with
 *            step 1, a row of its own (for a CPU): from first * i.
 * work       (items), in groups of any size. Assumes fusing of a * b + c, which OpenCL C allows. */
#ifndef VW
#define VW 4
#endif
#ifndef CHAINS
#define CHAINS 8
#endif
#define UNROLLED 16
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#if VW == 1
typedef float lanes;
#define LANES_LOAD(i, p) ((p)[i])
#define LANES_STORE(v, i, p) ((p)[i] = (v))
#else
typedef JOIN(float, VW) lanes;
#define LANES_LOAD(i, p) JOIN(vload, VW)((size_t)(i), p)
#define LANES_STORE(v, i, p) JOIN(vstore, VW)(v, (size_t)(i), p)
#endif

__kernel void peak_fma(__global float *y, const float b, const float c, const int rounds)
{
    const int item = (int)get_global_id(0);
    lanes v[CHAINS];
    for (int k = 0; k < CHAINS; k++)
        v[k] = (lanes)((float)(item % 16 + k));
    for (int round = 0; round < rounds; round++) {
        _Pragma("unroll") for (int i = 0; i < UNROLLED; i++)
            _Pragma("unroll") for (int k = 0; k < CHAINS; k++)
                v[k] = v[k] * b + c;
    }
    for (int k = 0; k < CHAINS; k++)
        LANES_STORE(v[k], item * CHAINS + k, y);
}

__kernel void peak_copy(__global const float *x, __global float *y, const float b, const int first,
                        const int step, const int each)
{
    int at = (int)get_global_id(0) * first;
    for (int i = 0; i < each; i++, at += step)
        LANES_STORE(LANES_LOAD(at, x) * b, at, y);
}
