#include "models/quantise.h"

#include <math.h>

#define CANDIDATES      80 /* of an end of the range, and again between two of them */
#define FINE_CANDIDATES 8
#define STEP_CANDIDATES 80 /* of a weight step, down to half of the greatest */

struct vg_range_settings vg_range_settings_defaults(void)
{
    return (struct vg_range_settings){
        .method = VG_RANGE_MEAN_SQUARE, .clip_frac = 1e-3, .clip_weight = 2, .noise_max = 0.03};
}

struct vg_byte_scale vg_range_scale(struct vg_value_range range)
{
    const double step = ((double)range.high - (double)range.low) / 255;
    if (!(step > 0))
        return (struct vg_byte_scale){0};
    return (struct vg_byte_scale){(float)step, (int32_t)rint(-(double)range.low / step)};
}

/* the same with its ends on multiples of the step */
static struct vg_value_range settled(double low, double high)
{
    const struct vg_byte_scale s = vg_range_scale((struct vg_value_range){(float)low, (float)high});
    const double step = (high - low) / 255;
    return (struct vg_value_range){(float)(-s.zero * step), (float)((255 - s.zero) * step)};
}

double vg_range_error(const struct vg_histogram *h, struct vg_value_range range, double clip_weight)
{
    const struct vg_byte_scale s = vg_range_scale(range);
    const double step = (double)s.step, zero = s.zero;
    double sum = 0;
    if (!h->count || !(step > 0))
        return 0;
    for (uint32_t i = 0; i < VG_HISTOGRAM_BINS; i++) {
        if (!h->bin[i])
            continue;
        const double value = vg_histogram_middle(h, i), steps = rint(value / step) + zero;
        const double q = fmin(fmax(steps, 0), 255);
        const double error = value - (q - zero) * step;
        const double weight = q < steps || q > steps ? clip_weight : 1;
        sum += (double)h->bin[i] * error * error * weight;
    }
    return sum / (double)h->count;
}

/* The end of the range beyond which lies at most `frac` of the values; sign: -1 the low one. */
static double quantile(const struct vg_histogram *h, int sign, double frac)
{
    const double most = sign < 0 ? (double)h->least : (double)h->most;
    const uint64_t spare = (uint64_t)(frac * (double)h->count);
    uint64_t beyond = 0;
    for (uint32_t k = 0; k < VG_HISTOGRAM_BINS / 2; k++) {
        const uint32_t i = sign < 0 ? k : VG_HISTOGRAM_BINS - 1 - k;
        beyond += h->bin[i];
        if (beyond <= spare)
            continue;
        const double edge = vg_histogram_middle(h, i) + sign * h->width / 2;
        return sign < 0 ? fmax(edge, most) : fmin(edge, most);
    }
    return 0;
}

struct search {
    const struct vg_histogram *histogram;
    double clip_weight;
    double end[2]; /* low, high */
    double error;
};

static void try_end(struct search *s, int side, double end)
{
    const double other = s->end[!side];
    const struct vg_value_range range = side ? settled(other, end) : settled(end, other);
    const double error = vg_range_error(s->histogram, range, s->clip_weight);
    if (!(range.low < range.high) || error >= s->error)
        return;
    s->error = error;
    s->end[side] = end;
}

/* the best end of one side between `inner` and `outer`, the other being fixed */
static void search_side(struct search *s, int side, double inner, double outer)
{
    const double each = (outer - inner) / CANDIDATES;
    for (int i = 0; i <= CANDIDATES; i++)
        try_end(s, side, outer - i * each);
    const double best = s->end[side];
    for (int i = 1 - FINE_CANDIDATES; i < FINE_CANDIDATES; i++) {
        const double end = best + i * each / FINE_CANDIDATES;
        if (fabs(end) <= fabs(outer) && fabs(end) >= fabs(inner))
            try_end(s, side, end);
    }
}

struct vg_value_range vg_range_choose(const struct vg_histogram *h,
                                      const struct vg_range_settings *settings)
{
    const double least = (double)h->least, most = (double)h->most;
    if (!(least < most)) /* nothing but zeros */
        return (struct vg_value_range){0, 1};
    const double low = quantile(h, -1, settings->clip_frac);
    const double high = quantile(h, 1, settings->clip_frac);
    if (settings->method == VG_RANGE_WHOLE)
        return settled(least, most);
    if (settings->method == VG_RANGE_QUANTILE)
        return low < high ? settled(low, high) : settled(least, most);
    struct search s = {h, settings->clip_weight, {least, most}, HUGE_VAL};
    s.error = vg_range_error(h, settled(least, most), s.clip_weight);
    for (int pass = 0; pass < 2; pass++) {
        search_side(&s, 1, high, most);
        search_side(&s, 0, low, least);
    }
    return settled(s.end[0], s.end[1]);
}

float vg_weight_rounded(float weight, float step)
{
    const double steps = rint((double)weight / (double)step);
    return (float)(fmin(fmax(steps, -127), 127) * (double)step);
}

static double weights_error(const float *weights, const double *importance, uint32_t channels,
                            uint32_t taps, double step)
{
    double sum = 0;
    for (uint32_t i = 0; i < channels; i++) {
        double channel = 0;
        for (uint32_t q = 0; q < taps; q++, weights++) {
            const double steps = fmin(fmax(rint((double)*weights / step), -127), 127);
            const double error = (double)*weights - steps * step;
            channel += error * error;
        }
        sum += channel * (importance ? importance[i] : 1);
    }
    return sum;
}

float vg_weight_step(const float *weights, const double *importance, uint32_t channels,
                     uint32_t taps)
{
    double most = 0;
    for (size_t i = 0; i < (size_t)channels * taps; i++)
        most = fmax(most, fabs((double)weights[i]));
    if (!(most > 1e-30)) /* of no weight at all: any step is right */
        return 1;
    float best = (float)(most / 127);
    double least = weights_error(weights, importance, channels, taps, (double)best);
    for (int i = 1; i <= STEP_CANDIDATES; i++) {
        const float step = (float)(most / 127 * (1 - 0.5 * i / STEP_CANDIDATES));
        const double error = weights_error(weights, importance, channels, taps, (double)step);
        if (error < least) {
            least = error;
            best = step;
        }
    }
    return best;
}

float vg_bias_corrected(float bias, const float *weights, float step, const double *mean,
                        uint32_t channels, uint32_t taps)
{
    double sum = (double)bias;
    for (uint32_t i = 0; i < channels; i++)
        for (uint32_t q = 0; q < taps; q++, weights++)
            sum += ((double)*weights - (double)vg_weight_rounded(*weights, step)) * mean[i];
    return (float)sum;
}
